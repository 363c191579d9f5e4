using System.Globalization;
using System.Net;
using System.Net.Security;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client;
using Flotilla.Server.Admission.Webhooks;
using Flotilla.Server.Http;
using Flotilla.Server.Nodes;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Proxying;

/// <param name="Address">Scheme and authority.</param>
internal sealed record ProxyTarget(string Address, HttpMessageInvoker Client);

/// <summary>Where the proxies of pods, services and nodes lead.</summary>
internal sealed class ProxyTargets(ObjectStore objects, ServiceEndpoints services, NodeClient nodes) : IDisposable
{
    // As upstream: what a pod shows need not be trusted by anybody.
    private readonly HttpMessageInvoker anybody = new(new LostConnectionHandler(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        UseProxy = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectTimeout = TimeSpan.FromSeconds(30),
        SslOptions = new SslClientAuthenticationOptions { RemoteCertificateValidationCallback = (_, _, _, _) => true },
    }));

    public static bool Offers(Kind kind) => kind == CoreKinds.Pod || kind == CoreKinds.Service || kind == CoreKinds.Node;

    /// <exception cref="ApiException">There is no such object, or it leads nowhere.</exception>
    public async Task<ProxyTarget> FindAsync(ResourcePath resource, ProxyName name, CancellationToken cancellationToken)
    {
        if (resource.Kind == CoreKinds.Node)
        {
            return await NodeAsync(name, cancellationToken);
        }

        var authority = resource.Kind == CoreKinds.Pod ? await PodAsync(resource, name, cancellationToken) : await ServiceAsync(resource, name, cancellationToken);
        return new ProxyTarget($"{name.Scheme}://{authority}", anybody);
    }

    public void Dispose() => anybody.Dispose();

    // The node's own server, to which we prove ourselves, or anything else that listens there.
    private async Task<ProxyTarget> NodeAsync(ProxyName name, CancellationToken cancellationToken)
    {
        var node = await NodeAddress.FindAsync(objects, name.Name, cancellationToken);
        return name.Port.Length == 0 || name.Port == node.Port.ToString(CultureInfo.InvariantCulture)
            ? new ProxyTarget($"https://{node.Authority}", nodes.Connections)
            : nodes.HasTunnel(node.Node) ? new ProxyTarget($"{name.Scheme}://{node.Node}:{name.Port}", nodes.Ports)
            : new ProxyTarget($"{name.Scheme}://{node.AuthorityOf(name.Port)}", anybody);
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
