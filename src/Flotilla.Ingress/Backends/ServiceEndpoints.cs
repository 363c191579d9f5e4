using System.Globalization;
using k8s.Models;

namespace Flotilla.Ingress.Backends;

/// <summary>Where the requests for a service's port go: to its pods, past the service's own address.</summary>
internal static class ServiceEndpoints
{
    /// <summary>The port of <paramref name="service"/> that a number or a name means.</summary>
    public static V1ServicePort? PortOf(V1Service service, string port) => (service.Spec.Ports ?? []).FirstOrDefault(
        candidate => string.Equals(candidate.Name, port, StringComparison.Ordinal)
            || string.Equals(candidate.Port.ToString(CultureInfo.InvariantCulture), port, StringComparison.Ordinal));

    /// <summary>Sorted and without repetition. Ready ones; when there are none, those that still serve while they end.</summary>
    public static IReadOnlyList<string> For(V1Service service, string port, IEnumerable<V1EndpointSlice> slices)
    {
        if (PortOf(service, port) is not { } wanted)
        {
            return [];
        }

        if (service.Spec.Type == "ExternalName")
        {
            return [$"{service.Spec.ExternalName}:{wanted.Port}"];
        }

        var candidates = slices
            .Where(slice => slice.AddressType is "IPv4" or "IPv6")
            .SelectMany(slice => (slice.Ports ?? [])
                .Where(candidate => candidate.Port is not null && (candidate.Name ?? "") == (wanted.Name ?? "") && (candidate.Protocol ?? "TCP") == "TCP")
                .SelectMany(candidate => (slice.Endpoints ?? []).Select(endpoint => (Endpoint: endpoint, Port: candidate.Port!.Value))))
            .ToList();
        var ready = candidates.Where(candidate => candidate.Endpoint.Conditions?.Ready ?? true).ToList();
        return
        [
            .. (ready.Count > 0 ? ready : candidates.Where(candidate => candidate.Endpoint.Conditions?.Serving ?? false))
                .Select(candidate => Text(candidate.Endpoint.Addresses[0], candidate.Port))
                .Distinct(StringComparer.Ordinal)
                .Order(StringComparer.Ordinal),
        ];
    }

    private static string Text(string address, int port) => address.Contains(':', StringComparison.Ordinal) ? $"[{address}]:{port}" : $"{address}:{port}";
}
