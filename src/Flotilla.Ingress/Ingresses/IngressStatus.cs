using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Ingress.Ingresses;

/// <summary>Where an Ingress is reached: at every ready node that listens.</summary>
internal static class IngressStatus
{
    public static IReadOnlyList<string> AddressesOf(IEnumerable<V1Node> nodes) =>
    [
        .. nodes
            .Where(node => node.Metadata.Annotations?.ContainsKey(LoadBalancing.IngressPortsAnnotation) == true && IsReady(node))
            .Select(AddressOf)
            .OfType<string>()
            .Distinct(StringComparer.Ordinal)
            .Order(StringComparer.Ordinal),
    ];

    public static bool IsCurrent(V1Ingress ingress, IReadOnlyList<string> addresses) =>
        (ingress.Status?.LoadBalancer?.Ingress ?? []).Select(point => point.Ip).SequenceEqual(addresses, StringComparer.Ordinal);

    public static Patch PatchFor(IReadOnlyList<string> addresses)
    {
        var points = new JsonArray([.. addresses.Select(address => new JsonObject { ["ip"] = address })]);
        var status = new JsonObject { ["status"] = new JsonObject { ["loadBalancer"] = new JsonObject { ["ingress"] = points } } };
        return new Patch(PatchKind.Merge, JsonSerializer.SerializeToUtf8Bytes(status));
    }

    private static bool IsReady(V1Node node) => node.Status?.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    private static string? AddressOf(V1Node node) =>
        (node.Status?.Addresses ?? []).Where(address => address.Type is "ExternalIP" or "InternalIP").OrderBy(address => address.Type, StringComparer.Ordinal).FirstOrDefault()?.Address;
}
