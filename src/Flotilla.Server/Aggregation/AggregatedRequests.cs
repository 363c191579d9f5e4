using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Server.Proxying;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Aggregation;

/// <summary>Requests to groups that other servers serve go there, with the caller's name vouched for by a client certificate.</summary>
internal sealed class AggregatedRequests(AggregatedApis apis, Authorizer authorizer, WebhookConnections connections, Forwarder forwarder)
{
    /// <summary>False: nobody else serves this path.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, RequestUser user)
    {
        if (apis.Of(context.Request.Path.Value ?? "") is not { } api)
        {
            return false;
        }

        var request = new ApiRequest { Method = context.Request.Method, Path = context.Request.Path.Value!, User = user, Query = context.Request.Query.ToDictionary(StringComparer.Ordinal) };
        await authorizer.AuthorizeAsync(request, context.RequestAborted);
        if (!api.IsAvailable)
        {
            context.Response.StatusCode = StatusCodes.Status503ServiceUnavailable;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync("service unavailable\n", context.RequestAborted);
            return true;
        }

        var address = api.Target.Address.GetLeftPart(UriPartial.Authority);
        await forwarder.SendAsync(context, new ForwardTarget(address, context.Request.Path, connections.For(api.Target)) { Headers = [.. HeadersOf(user)] });
        return true;
    }

    public static IEnumerable<(string Name, string Value)> HeadersOf(RequestUser user)
    {
        yield return ("X-Remote-User", user.Name);
        if (user.Uid is { } uid)
        {
            yield return ("X-Remote-Uid", uid);
        }

        foreach (var group in user.Groups)
        {
            yield return ("X-Remote-Group", group);
        }

        foreach (var (key, values) in user.Extra ?? new Dictionary<string, IReadOnlyList<string>>())
        {
            foreach (var value in values)
            {
                yield return ($"X-Remote-Extra-{Uri.EscapeDataString(key)}", value);
            }
        }
    }
}
