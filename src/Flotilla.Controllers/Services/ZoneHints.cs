using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>
/// The hints of services with <c>service.kubernetes.io/topology-mode: Auto</c>: each zone gets endpoints in proportion to its
/// processors, first its own, then those that other zones have to spare. Pure.
/// </summary>
internal static class ZoneHints
{
    public const string Enabled = "Topology Aware Hints has been enabled";
    private const string Mode = "service.kubernetes.io/topology-mode";
    private const string OlderMode = "service.kubernetes.io/topology-aware-hints";

    // A zone's endpoints may have this much more to do than the average before hints do harm.
    private const double Overload = 0.2;

    public static bool AreWanted(V1Service service) =>
        service.Metadata.Annotations is { } all && (all.TryGetValue(OlderMode, out var mode) || all.TryGetValue(Mode, out mode)) && mode is "Auto" or "auto";

    /// <summary>Sets the hints of all endpoints that are ready, or takes them away.</summary>
    /// <returns>Why there are none; null: there are.</returns>
    public static string? Set(IReadOnlyList<V1Endpoint> endpoints, ZoneShares zones)
    {
        List<V1Endpoint> ready = [.. endpoints.Where(endpoint => endpoint.Conditions.Ready == true)];
        foreach (var endpoint in endpoints)
        {
            endpoint.Hints = null;
        }

        var (desired, refusal) = Desired(ready.Count, zones);
        refusal ??= ready.Exists(endpoint => string.IsNullOrEmpty(endpoint.Zone)) ? "One or more endpoints do not have a zone specified" : null;
        if (refusal is not null)
        {
            return refusal;
        }

        ready.ForEach(endpoint => endpoint.Hints = For(endpoint.Zone));
        Redistribute(ready, desired!);
        return null;
    }

    /// <summary>How many endpoints each zone should have.</summary>
    private static (Dictionary<string, double>? Desired, string? Refusal) Desired(int count, ZoneShares zones)
    {
        if (zones.Shares is not { } shares)
        {
            return (null, "Insufficient Node information: allocatable CPU or zone not specified on one or more nodes");
        }

        if (shares.Count > count)
        {
            return (null, FormattableString.Invariant($"Insufficient number of endpoints ({count} endpoints, {shares.Count} zones)"));
        }

        var minimum = shares.ToDictionary(share => share.Key, share => Math.Ceiling(share.Value * count / (1 + Overload)), StringComparer.Ordinal);
        return minimum.Values.Sum() > count
            ? (null, FormattableString.Invariant($"Unable to allocate minimum required endpoints to each zone without exceeding overload threshold ({count} endpoints, {shares.Count} zones)"))
            : (shares.ToDictionary(share => share.Key, share => Math.Max(share.Value * count, minimum[share.Key]), StringComparer.Ordinal), null);
    }

    private static void Redistribute(List<V1Endpoint> ready, Dictionary<string, double> desired)
    {
        var has = ready.GroupBy(endpoint => endpoint.Zone, StringComparer.Ordinal).ToDictionary(zone => zone.Key, zone => (double)zone.Count(), StringComparer.Ordinal);
        var spare = desired.Keys.ToDictionary(zone => zone, zone => has.GetValueOrDefault(zone) - desired[zone], StringComparer.Ordinal);
        var lack = desired.Keys.ToDictionary(zone => zone, zone => desired[zone] - has.GetValueOrDefault(zone), StringComparer.Ordinal);
        while (Most(spare) is var (giver, toGive) && Most(lack) is var (taker, toTake) && toGive >= 0.5 && toTake >= 0.5 && (toGive >= 1 || toTake >= 1))
        {
            ready.First(endpoint => endpoint.Zone == giver && endpoint.Hints.ForZones[0].Name == giver).Hints = For(taker);
            spare[giver]--;
            lack[taker]--;
        }
    }

    private static (string Zone, double Number) Most(Dictionary<string, double> zones) =>
        zones.OrderByDescending(zone => zone.Value).ThenBy(zone => zone.Key, StringComparer.Ordinal).Select(zone => (zone.Key, zone.Value)).First();

    private static V1EndpointHints For(string zone) => new() { ForZones = [new V1ForZone { Name = zone }] };
}
