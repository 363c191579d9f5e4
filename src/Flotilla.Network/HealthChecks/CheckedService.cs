using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Network.HealthChecks;

/// <summary>A service whose balancers ask each node, at a port of it, whether it has endpoints.</summary>
internal sealed record CheckedService(ObjectKey Key, int Port)
{
    public static CheckedService? For(V1Service service) => service.Spec is { Type: "LoadBalancer", ExternalTrafficPolicy: "Local", HealthCheckNodePort: > 0 and var port }
        ? new CheckedService(new ObjectKey(service.Metadata.NamespaceProperty, service.Metadata.Name), port)
        : null;

    /// <summary>Ready endpoints on the node, each address once; of two families the one that has more, as they are the same pods.</summary>
    public static int LocalEndpoints(IEnumerable<V1EndpointSlice> slices, string node) => slices
        .GroupBy(slice => slice.AddressType, StringComparer.Ordinal)
        .Select(family => family
            .SelectMany(slice => slice.Endpoints ?? [])
            .Where(endpoint => endpoint.NodeName == node && endpoint.Conditions?.Ready != false)
            .SelectMany(endpoint => endpoint.Addresses.Take(1))
            .Distinct(StringComparer.Ordinal)
            .Count())
        .DefaultIfEmpty()
        .Max();

    /// <summary>What kube-proxy answers, letter by letter.</summary>
    public string Answer(int endpoints, bool isHealthy) =>
        $$"""
        {
        {{"\t"}}"service": {
        {{"\t\t"}}"namespace": "{{Key.Namespace}}",
        {{"\t\t"}}"name": "{{Key.Name}}"
        {{"\t"}}},
        {{"\t"}}"localEndpoints": {{endpoints}},
        {{"\t"}}"serviceProxyHealthy": {{(isHealthy ? "true" : "false")}}
        }
        """;
}
