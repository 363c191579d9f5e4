using Flotilla.Api;
using Flotilla.Client.Joining;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Identity;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Joining;

/// <summary>
/// Where servers ask to join: a manager token alone opens it, no certificate and no impersonation does. Who asked is audited
/// and logged by the token's id; its secret and the keys in the answer are written down nowhere. Workers, who join by requests
/// for certificates, hear here why their token does not hold.
/// </summary>
public sealed partial class JoinRequests
{
    private const int LongestRequest = 4096;
    private const string NodePrefix = "system:node:";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly TokenExaminer tokens;
    private readonly CertificateAuthenticator certificates;
    private readonly AuditRecorder audit;
    private readonly ILogger logger;
    private readonly ClusterIdentity identity;

    // Two that join at the same moment would be given the same place.
    private readonly SemaphoreSlim oneAtATime = new(1);

    internal JoinRequests(IStore store, ClusterIdentity identity, CertificateAuthenticator certificates, AuditRecorder audit, TimeProvider time, ILogger<JoinRequests> logger) =>
        (tokens, this.identity, this.certificates, this.audit, this.logger) = (new TokenExaminer(store, time), identity, certificates, audit, logger);

    /// <summary>Set by the composition; null: nobody can join.</summary>
    public IServerAdmission? Admission { get; set; }

    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context)
    {
        switch (context.Request.Path.Value)
        {
            case JoiningServer.Path:
                var id = await EnterAsync(context, TokenRole.Manager, "flotilla:manager-token:");
                await AdmitAsync(context, id, await ReadAsync(context.Request, context.RequestAborted));
                return true;
            case JoinToken.CheckPath:
                await EnterAsync(context, TokenRole.Worker, "system:bootstrap:");
                return true;
            default:
                return false;
        }
    }

    /// <returns>The id of the token, which holds.</returns>
    /// <exception cref="ApiException">It does not, with the reason.</exception>
    private async Task<string> EnterAsync(HttpContext context, TokenRole role, string userPrefix)
    {
        var (id, problem) = await tokens.ExamineAsync(role, context.Request.Headers.Authorization.ToString(), context.RequestAborted);
        var user = problem is null ? new RequestUser(userPrefix + id, [RequestUser.Authenticated]) : RequestUser.Anonymous;
        await audit.BeginAsync(context, new Caller(user, null, []), RequestAttributes.Of(context.Request.Method, context.Request.Path.Value!, _ => null));
        if (problem is null)
        {
            return id;
        }

        Log.Refused(logger, context.Connection.RemoteIpAddress?.ToString() ?? "", problem);
        throw Failures.Of(StatusCodes.Status401Unauthorized, "Unauthorized", problem);
    }

    private async Task AdmitAsync(HttpContext context, string id, JoiningServer server)
    {
        var isNode = (await certificates.IdentifyAsync(context, context.RequestAborted)).User?.Name == NodePrefix + server.Name;
        if (!await oneAtATime.WaitAsync(Patience, context.RequestAborted))
        {
            throw Failures.TooManyRequests("another server is joining; try again when it has");
        }

        try
        {
            if (identity.Rotation is not null)
            {
                throw Failures.Of(StatusCodes.Status409Conflict, "Conflict", "The cluster's certificate authority is being rotated; try again when 'flotilla ca show' says that this is over.");
            }

            var answer = await (Admission ?? throw Failures.Unavailable("this server does not let others join")).AdmitAsync(server, isNode, context.RequestAborted);
            Log.Admitted(logger, server.Name, server.Address, server.Port, id);
            context.Response.ContentType = "application/json";
            context.Response.ContentLength = answer.Length;
            await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        }
        finally
        {
            oneAtATime.Release();
        }
    }

    private static async Task<JoiningServer> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new byte[LongestRequest];
        var length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        return (length < body.Length ? JoiningServer.FromJson(body.AsSpan(0, length)) : null) ?? throw Failures.BadRequest("the body must name the server and where it will answer");
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The server {Name} at {Address}:{Port} was given the cluster's keys for the manager token {Id}")]
        public static partial void Admitted(ILogger logger, string name, string address, int port, string id);

        [LoggerMessage(Level = LogLevel.Warning, Message = "A machine at {Address} was not let in: {Problem}")]
        public static partial void Refused(ILogger logger, string address, string problem);
    }
}
