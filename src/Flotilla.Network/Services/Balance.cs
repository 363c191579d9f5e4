using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>The endpoints of one service port.</summary>
/// <param name="Near">Those that hints leave to this node; all, where there are no hints.</param>
public sealed record Balance(IReadOnlyList<Endpoint> All, IReadOnlyList<Endpoint> Near)
{
    public IReadOnlyList<Endpoint> Local { get; init; } = [.. All.Where(endpoint => endpoint.IsLocal)];

    /// <summary>
    /// Ready endpoints; while there are none, those that still serve although they are shutting down. Those on this node
    /// are chosen apart: they may be leaving while others are ready, and still be all that local traffic has.
    /// </summary>
    public static Balance For(Family family, V1ServicePort port, IEnumerable<V1EndpointSlice> slices, NodePlace node)
    {
        var found = Candidates(port, slices.Where(slice => slice.AddressType == family.Name), node).DistinctBy(one => (one.Endpoint.Address, one.Endpoint.Port)).ToList();
        var all = Usable(found);
        var local = Usable([.. found.Where(one => one.Endpoint.IsLocal)]);
        return new Balance([.. all.Select(one => one.Endpoint)], [.. Hinted(all, node).Select(one => one.Endpoint)])
        {
            Local = [.. local.Select(one => one.Endpoint)],
        };
    }

    private static IEnumerable<Candidate> Candidates(V1ServicePort port, IEnumerable<V1EndpointSlice> slices, NodePlace node)
    {
        foreach (var slice in slices)
        {
            var target = (slice.Ports ?? []).FirstOrDefault(candidate =>
                (candidate.Name ?? "") == (port.Name ?? "") && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"));
            if (target?.Port is not { } number)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints ?? [])
            {
                if (endpoint.Addresses is [var address, ..])
                {
                    yield return new Candidate(new Endpoint(address, number, endpoint.NodeName == node.Name), endpoint.Conditions, endpoint.Hints);
                }
            }
        }
    }

    private static List<Candidate> Usable(List<Candidate> found)
    {
        var ready = found.Where(one => one.Conditions?.Ready != false).ToList();
        var chosen = ready.Count > 0 ? ready : found.Where(one => one.Conditions is { Serving: true, Terminating: true });
        return [.. chosen.OrderBy(one => one.Endpoint.Address, StringComparer.Ordinal).ThenBy(one => one.Endpoint.Port)];
    }

    /// <summary>Hints count only when every endpoint has one and some are for here: otherwise traffic would be lost or pile up.</summary>
    private static List<Candidate> Hinted(List<Candidate> all, NodePlace node)
    {
        if (all.TrueForAll(one => one.Hints?.ForNodes is { Count: > 0 })
            && all.Where(one => one.Hints!.ForNodes.Any(hint => hint.Name == node.Name)).ToList() is { Count: > 0 } here)
        {
            return here;
        }

        return node.Zone is not null
            && all.TrueForAll(one => one.Hints?.ForZones is { Count: > 0 })
            && all.Where(one => one.Hints!.ForZones.Any(hint => hint.Name == node.Zone)).ToList() is { Count: > 0 } near
            ? near
            : all;
    }

    private sealed record Candidate(Endpoint Endpoint, V1EndpointConditions? Conditions, V1EndpointHints? Hints);
}
