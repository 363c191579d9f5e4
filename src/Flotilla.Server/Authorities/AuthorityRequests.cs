using Flotilla.Client.Joining;
using Flotilla.Server.Audit;
using Flotilla.Server.Authentication;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Authorities;

/// <summary>Where administrators look at the cluster's certificate authority and have it rotated. A key that they bring is written into no log.</summary>
public sealed class AuthorityRequests(AuthorityRotation rotation, AuditRecorder audit)
{
    private const int LongestRequest = 64 << 10;

    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, Caller caller)
    {
        if (context.Request.Path.Value != AuthorityStatus.Path)
        {
            return false;
        }

        await audit.BeginAsync(context, caller, RequestAttributes.Of(context.Request.Method, AuthorityStatus.Path, _ => null));
        if (!caller.User.IsMaster)
        {
            throw Failures.Forbidden($"forbidden: User \"{caller.User.Name}\" may neither see nor rotate the cluster's authority: only the group system:masters may");
        }

        if (HttpMethods.IsPost(context.Request.Method))
        {
            await rotation.BeginAsync(await ReadAsync(context.Request, context.RequestAborted), context.RequestAborted);
        }
        else if (!HttpMethods.IsGet(context.Request.Method))
        {
            throw Failures.MethodNotAllowed();
        }

        var answer = (await rotation.ReadAsync(context.RequestAborted)).ToJson();
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = answer.Length;
        await context.Response.Body.WriteAsync(answer, context.RequestAborted);
        return true;
    }

    private static async Task<AuthorityChange> ReadAsync(HttpRequest request, CancellationToken cancellationToken)
    {
        var body = new byte[LongestRequest];
        var length = await request.Body.ReadAtLeastAsync(body, body.Length, throwOnEndOfStream: false, cancellationToken);
        return (length < body.Length ? AuthorityChange.FromJson(body.AsSpan(0, length)) : null) ?? throw Failures.BadRequest("the body must say what the next authority is to be");
    }
}
