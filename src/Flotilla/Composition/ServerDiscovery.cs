using System.Net;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;

namespace Flotilla.Composition;

/// <summary>Which servers the cluster has, from the slices of the service <c>kubernetes</c>.</summary>
internal static class ServerDiscovery
{
    // There is a slice for each port that servers have.
    public static void Follow(InformerSet informers, ServerList servers)
    {
        var slices = informers.Of<V1EndpointSlice>();
        slices.Subscribe(change =>
        {
            if (IsOfServers(change.Latest))
            {
                servers.Learn(slices.List().Where(IsOfServers).SelectMany(AddressesIn));
            }
        });
    }

    private static bool IsOfServers(V1EndpointSlice slice) =>
        slice.Metadata.NamespaceProperty == "default" && slice.Metadata.Labels is { } labels && labels.TryGetValue("kubernetes.io/service-name", out var service) && service == "kubernetes";

    private static IEnumerable<DnsEndPoint> AddressesIn(V1EndpointSlice slice) =>
        slice.Ports?.FirstOrDefault()?.Port is { } port ? (slice.Endpoints ?? []).SelectMany(endpoint => endpoint.Addresses).Select(address => new DnsEndPoint(address, port)) : [];
}
