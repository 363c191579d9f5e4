using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Kinds;
using Flotilla.Client.Streams;
using Flotilla.Server.Admission;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Proxying;

/// <summary>The <c>proxy</c> subresources: HTTP of any kind to pods, services and nodes, through the API server and its rules.</summary>
internal sealed class ProxyRequests(KindRegistry kinds, Authorizer authorizer, AdmissionChain admission, ProxyTargets targets, Forwarder forwarder) : IDisposable
{
    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, RequestUser user)
    {
        var path = context.Request.Path.Value ?? "";
        if (!path.Contains("/proxy", StringComparison.Ordinal)
            || ResourcePath.Parse(path, kinds) is not { Subresource: "proxy" } resource
            || !ProxyTargets.Offers(resource.Kind))
        {
            return false;
        }

        var request = new ApiRequest { Method = context.Request.Method, Path = path, User = user };
        await authorizer.AuthorizeAsync(request, context.RequestAborted);
        var name = ProxyName.Parse(resource.Name!) ?? throw Failures.BadRequest($"invalid {resource.Kind.Singular} request \"{resource.Name}\"");
        await ReviewAsync(resource, name, user, context);
        var mount = path[..(path.IndexOf($"/{resource.Name}/proxy", StringComparison.Ordinal) + resource.Name!.Length + "//proxy".Length)];
        var rest = path[mount.Length..];
        if (resource.Kind == CoreKinds.Node && IsOurs(rest))
        {
            throw Failures.Forbidden($"nodes \"{name.Name}\" is forbidden: what lies below {NodePaths.Own} is not behind the node's proxy", "", "nodes", name.Name);
        }

        var target = await targets.FindAsync(resource, name, context.RequestAborted);
        if (rest.Length == 0 && (request.Method is "GET" or "HEAD"))
        {
            // Relative links of the page would miss the last part of the path.
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = $"{mount}/{context.Request.QueryString}";
            return true;
        }

        await forwarder.SendAsync(context, new ForwardTarget(target.Address, rest, target.Client) { Mount = mount });
        return true;
    }

    public void Dispose() => targets.Dispose();

    // However it is written that the node may take for one of those.
    private static bool IsOurs(string path) => path.Contains(NodePaths.Own.Trim('/'), StringComparison.OrdinalIgnoreCase);

    private async Task ReviewAsync(ResourcePath resource, ProxyName name, RequestUser user, HttpContext context)
    {
        var body = new Api.Schema.ResourceKind("", "v1", resource.Kind.Name + "ProxyOptions");
        await admission.ReviewAsync(
            new AdmissionRequest(resource.Kind, AdmissionOperation.Connect, new JsonObject { ["kind"] = body.Kind, ["apiVersion"] = body.ApiVersion, ["path"] = resource.Rest }, null, new WriteOptions("", User: user, Notes: WarningHeaders.Begin(context)))
            {
                Subresource = "proxy",
                Body = body,
                Target = new ObjectKey(resource.Namespace, name.Name),
            },
            context.RequestAborted);
        WarningHeaders.Write(context, []);
    }
}
