using Flotilla.Ingress.Proxying;
using Flotilla.Ingress.Routing;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Ingress.Ingresses;

/// <summary>Host, then path; what no rule of the host wants goes to its default backend, what no host wants to the general one.</summary>
internal sealed class IngressRouter(HostTable<IngressHost> hosts, Route? otherwise) : IRouter
{
    public Route? Find(HttpContext context) => Find(context.Request.Host.Host, context.Request.Path.Value is { Length: > 0 } path ? path : "/");

    public Route? Find(string host, string path)
    {
        var found = hosts.Find(host);
        return found?.Paths.Find(path) ?? found?.Otherwise ?? otherwise;
    }
}

internal sealed record IngressHost(PathTable<Route> Paths, Route? Otherwise);
