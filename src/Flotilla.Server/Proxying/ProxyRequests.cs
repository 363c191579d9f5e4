using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Admission;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Authorization;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Proxying;

/// <summary>The <c>proxy</c> subresources: HTTP of any kind to pods and services, through the API server and its rules.</summary>
internal sealed class ProxyRequests(KindRegistry kinds, Authorizer authorizer, AdmissionChain admission, ObjectStore objects, ServiceEndpoints services, Forwarder forwarder) : IDisposable
{
    // As upstream: what a pod shows need not be trusted by anybody.
    private readonly HttpMessageInvoker client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    });

    /// <summary>False: not such a request.</summary>
    public async Task<bool> TryHandleAsync(HttpContext context, RequestUser user)
    {
        var path = context.Request.Path.Value ?? "";
        if (!path.Contains("/proxy", StringComparison.Ordinal)
            || ResourcePath.Parse(path, kinds) is not { Subresource: "proxy" } resource
            || (resource.Kind != CoreKinds.Pod && resource.Kind != CoreKinds.Service))
        {
            return false;
        }

        var request = new ApiRequest { Method = context.Request.Method, Path = path, User = user };
        await authorizer.AuthorizeAsync(request, context.RequestAborted);
        var name = ProxyName.Parse(resource.Name!) ?? throw Failures.BadRequest($"invalid {(resource.Kind == CoreKinds.Pod ? "pod" : "service")} request \"{resource.Name}\"");
        await ReviewAsync(resource, name, user, context.RequestAborted);
        var authority = resource.Kind == CoreKinds.Pod ? await PodAsync(resource, name, context.RequestAborted) : await ServiceAsync(resource, name, context.RequestAborted);
        var mount = path[..(path.IndexOf($"/{resource.Name}/proxy", StringComparison.Ordinal) + resource.Name!.Length + "//proxy".Length)];
        var rest = path[mount.Length..];
        if (rest.Length == 0 && (request.Method is "GET" or "HEAD"))
        {
            // Relative links of the page would miss the last part of the path.
            context.Response.StatusCode = StatusCodes.Status301MovedPermanently;
            context.Response.Headers.Location = $"{mount}/{context.Request.QueryString}";
            return true;
        }

        await forwarder.SendAsync(context, new ForwardTarget($"{name.Scheme}://{authority}", rest, client) { Mount = mount });
        return true;
    }

    public void Dispose() => client.Dispose();

    private ValueTask ReviewAsync(ResourcePath resource, ProxyName name, RequestUser user, CancellationToken cancellationToken)
    {
        var body = new Api.Schema.ResourceKind("", "v1", resource.Kind.Name + "ProxyOptions");
        return admission.ReviewAsync(
            new AdmissionRequest(resource.Kind, AdmissionOperation.Connect, new JsonObject { ["kind"] = body.Kind, ["apiVersion"] = body.ApiVersion, ["path"] = resource.Rest }, null, new WriteOptions("", User: user))
            {
                Subresource = "proxy",
                Body = body,
                Target = new ObjectKey(resource.Namespace, name.Name),
            },
            cancellationToken);
    }

    private async Task<string> PodAsync(ResourcePath resource, ProxyName name, CancellationToken cancellationToken)
    {
        var entry = await objects.GetAsync(CoreKinds.Pod, new ObjectKey(resource.Namespace, name.Name), cancellationToken);
        var pod = ObjectStore.Decode(CoreKinds.Pod, entry.Value, entry.Modified);
        var port = name.Port.Length > 0 ? name.Port : pod.Object("spec").Objects("containers").SelectMany(container => container.Objects("ports")).Select(given => given.Integer("containerPort")).FirstOrDefault()?.ToString(CultureInfo.InvariantCulture) ?? "";
        var address = pod.Object("status").String("podIP") is { Length: > 0 } ip ? ip : throw Failures.BadRequest("address not allowed");
        return port.Length > 0 ? $"{(address.Contains(':', StringComparison.Ordinal) ? $"[{address}]" : address)}:{port}" : address;
    }

    private async Task<string> ServiceAsync(ResourcePath resource, ProxyName name, CancellationToken cancellationToken)
    {
        var entry = await objects.GetAsync(CoreKinds.Service, new ObjectKey(resource.Namespace, name.Name), cancellationToken);
        var ports = ObjectStore.Decode(CoreKinds.Service, entry.Value, entry.Modified).Object("spec").Objects("ports").ToList();
        var wanted = name.Port.Length == 0 && ports.Count == 1
            ? ports[0]
            : ports.FirstOrDefault(port => (port.String("name") ?? "") == name.Port || port.Integer("port")?.ToString(CultureInfo.InvariantCulture) == name.Port);
        if (wanted?.Integer("port") is not { } number)
        {
            throw Failures.Unavailable($"no service port \"{name.Port}\" found for service \"{name.Name}\"");
        }

        try
        {
            var endpoint = await services.ResolveAsync(new ServicePort(resource.Namespace!, name.Name, (int)number), cancellationToken);
            return endpoint is DnsEndPoint elsewhere ? string.Create(CultureInfo.InvariantCulture, $"{elsewhere.Host}:{elsewhere.Port}") : endpoint.ToString()!;
        }
        catch (WebhookCallException error)
        {
            throw Failures.Unavailable(error.Message);
        }
    }
}
