using Flotilla.Api.Kinds;
using Flotilla.Client.Streams;
using Flotilla.Server.Authentication;
using Flotilla.Server.Objects;
using Flotilla.Server.Subresources;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Http;

/// <summary>Exec, attach and port-forward: connections that change their protocol and stay.</summary>
public sealed class StreamRequests(KindRegistry kinds, Authorizer authorizer, ObjectStore objects, NodeConnections nodes)
{
    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, RequestUser user)
    {
        var path = context.Request.Path.Value ?? "";
        if (!(path.EndsWith("/exec", StringComparison.Ordinal) || path.EndsWith("/attach", StringComparison.Ordinal) || path.EndsWith("/portforward", StringComparison.Ordinal))
            || ResourcePath.Parse(path, kinds) is not { Subresource: "exec" or "attach" or "portforward" } resource
            || resource.Kind != CoreKinds.Pod)
        {
            return false;
        }

        var query = context.Request.Query;
        var request = new ApiRequest { Method = "POST", Path = path, User = user };
        await authorizer.AuthorizeAsync(request, resource, context.RequestAborted);
        if (resource.Subresource == "portforward")
        {
            var entry = await objects.GetAsync(resource.Kind, resource.Key, context.RequestAborted);
            await PortForwardEndpoint.HandleAsync(context, nodes.Streams, new PodTarget(resource.Namespace!, Objects.StoredObject.NameOf(entry.Key)));
            return true;
        }

        var target = await nodes.TargetAsync(objects, resource, query["container"], context.RequestAborted);
        bool Asked(string name) => query.TryGetValue(name, out var value) && ListQuery.IsTrue(value.ToString());
        var options = new ExecOptions([.. query["command"].Select(word => word ?? "")], Asked("stdin"), Asked("stdout"), Asked("stderr"), Asked("tty"));
        if (resource.Subresource == "exec" && options.Command.Count == 0)
        {
            throw Failures.BadRequest("you must specify at least one command for the container");
        }

        await RemoteCommandEndpoint.HandleAsync(context, nodes.Streams, target, options, attach: resource.Subresource == "attach");
        return true;
    }
}
