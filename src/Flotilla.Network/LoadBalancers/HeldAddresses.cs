using System.Net;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Network.LoadBalancers;

/// <summary>Which addresses of load balancers are a node's to answer for. Pure.</summary>
internal static class HeldAddresses
{
    /// <summary>Of the pool: no node has them by itself.</summary>
    public static bool AreOfPool(V1Service service) => NodeOf(service) is not null;

    public static IEnumerable<IPAddress> For(V1Service service, string node) => service.Spec.Type == "LoadBalancer" && NodeOf(service) == node
        ? (service.Status?.LoadBalancer?.Ingress ?? []).Select(point => IPAddress.TryParse(point.Ip, out var address) ? address : null).OfType<IPAddress>()
        : [];

    private static string? NodeOf(V1Service service) =>
        service.Metadata.Annotations is { } annotations && annotations.TryGetValue(LoadBalancing.NodeAnnotation, out var node) ? node : null;
}
