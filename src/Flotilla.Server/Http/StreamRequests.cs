using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Client.Streams;
using Flotilla.Server.Admission;
using Flotilla.Server.Authorization;
using Flotilla.Server.Nodes;
using Flotilla.Server.Objects;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Http;

/// <summary>Exec, attach and port-forward: connections that change their protocol and stay.</summary>
public sealed class StreamRequests(KindRegistry kinds, Authorizer authorizer, AdmissionChain admission, NodeConnections nodes)
{
    private static readonly ResourceKind ExecKind = new("", "v1", "PodExecOptions");
    private static readonly ResourceKind AttachKind = new("", "v1", "PodAttachOptions");

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
        if (HttpMethods.IsGet(context.Request.Method))
        {
            // A web socket begins with a GET, and needs leave for what it is and for what it looks like.
            await authorizer.AuthorizeAsync(new ApiRequest { Method = "GET", Path = path, User = user }, context.RequestAborted);
        }

        var request = new ApiRequest { Method = "POST", Path = path, User = user };
        await authorizer.AuthorizeAsync(request, context.RequestAborted);
        if (resource.Subresource == "portforward")
        {
            var pod = await nodes.PlaceAsync(resource, context.RequestAborted);
            await ReviewAsync(context, Connect(resource, user, new ResourceKind("", "v1", "PodPortForwardOptions"), []));
            await (nodes.StreamsOf(pod) is { } own ? PortForwardEndpoint.HandleAsync(context, own, pod.Target) : nodes.ForwardAsync(context, pod, "portForward"));
            return true;
        }

        var place = await nodes.PlaceAsync(resource, query["container"], context.RequestAborted);
        bool Asked(string name) => query.TryGetValue(name, out var value) && ListQuery.IsTrue(value.ToString());
        var options = new ExecOptions([.. query["command"].Select(word => word ?? "")], Asked("stdin"), Asked("stdout"), Asked("stderr"), Asked("tty"));
        if (resource.Subresource == "exec" && options.Command.Count == 0)
        {
            throw Failures.BadRequest("you must specify at least one command for the container");
        }

        await ReviewAsync(context, Connect(resource, user, resource.Subresource == "exec" ? ExecKind : AttachKind, Body(options, query["container"].ToString())));
        await (nodes.StreamsOf(place) is { } here
            ? RemoteCommandEndpoint.HandleAsync(context, here, place.Target, options, attach: resource.Subresource == "attach")
            : nodes.ForwardAsync(context, place, resource.Subresource));
        return true;
    }

    private async Task ReviewAsync(HttpContext context, AdmissionRequest request)
    {
        await admission.ReviewAsync(request with { Options = request.Options with { Notes = WarningHeaders.Begin(context) } }, context.RequestAborted);
        WarningHeaders.Write(context, []);
    }

    private static AdmissionRequest Connect(ResourcePath resource, RequestUser user, ResourceKind body, JsonObject options)
    {
        options["kind"] = body.Kind;
        options["apiVersion"] = body.ApiVersion;
        return new AdmissionRequest(resource.Kind, AdmissionOperation.Connect, options, null, new WriteOptions("", User: user))
        {
            Subresource = resource.Subresource, Body = body, Target = resource.Key,
        };
    }

    private static JsonObject Body(ExecOptions options, string container)
    {
        var body = new JsonObject();
        foreach (var (name, asked) in new[] { ("stdin", options.Stdin), ("stdout", options.Stdout), ("stderr", options.Stderr), ("tty", options.Tty) }.Where(flag => flag.Item2))
        {
            body[name] = asked;
        }

        if (container.Length > 0)
        {
            body["container"] = container;
        }

        if (options.Command.Count > 0)
        {
            body["command"] = new JsonArray([.. options.Command.Select(word => JsonValue.Create(word))]);
        }

        return body;
    }
}
