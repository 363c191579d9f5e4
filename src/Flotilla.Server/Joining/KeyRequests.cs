using System.Security.Cryptography;
using System.Text;
using Flotilla.Client.Joining;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Joining;

/// <summary>
/// Where an administrator gives this server new keys, which it uses at once. A file that lacks a key in use is refused, so that
/// nothing becomes unreadable, whoever else makes new keys at the same time. Keys are written into no log.
/// </summary>
public sealed partial class KeyRequests(ClusterIdentity identity, AuditRecorder audit, ILogger<KeyRequests> logger)
{
    private const int LongestFile = 64 << 10;

    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, Caller caller)
    {
        if (context.Request.Path.Value is not { } path || !path.StartsWith(ServerKeys.Path, StringComparison.Ordinal))
        {
            return false;
        }

        await audit.BeginAsync(context, caller, RequestAttributes.Of(context.Request.Method, path, _ => null));
        if (!caller.User.IsMaster)
        {
            throw Failures.Of(StatusCodes.Status403Forbidden, "Forbidden", $"forbidden: User \"{caller.User.Name}\" cannot give servers keys: only the group system:masters may");
        }

        if (!HttpMethods.IsPut(context.Request.Method))
        {
            throw Failures.Of(StatusCodes.Status405MethodNotAllowed, "MethodNotAllowed", "keys are given by PUT");
        }

        Take(path[ServerKeys.Path.Length..], await ReadAsync(context.Request, context.RequestAborted));
        return true;
    }

    private void Take(string name, string content)
    {
        try
        {
            if (!identity.TryAdopt(name, content))
            {
                throw Failures.Of(StatusCodes.Status409Conflict, "Conflict", $"this server has keys in {name} that the new file lacks: somebody else makes new ones at the same time");
            }
        }
        catch (Exception damaged) when (damaged is InvalidDataException or CryptographicException or ArgumentException)
        {
            throw Failures.BadRequest(damaged.Message);
        }

        Log.Taken(logger, name);
    }

    private static async Task<string> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new byte[LongestFile];
        var length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        return length < body.Length ? Encoding.UTF8.GetString(body, 0, length) : throw Failures.BadRequest("the file is too long");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "An administrator has given this server a new {Name}, which it uses from now on")]
        public static partial void Taken(ILogger logger, string name);
    }
}
