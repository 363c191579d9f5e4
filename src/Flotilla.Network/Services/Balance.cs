using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>The endpoints of one service port.</summary>
public sealed record Balance(IReadOnlyList<Endpoint> All)
{
    public IReadOnlyList<Endpoint> Local { get; } = [.. All.Where(endpoint => endpoint.IsLocal)];

    /// <summary>Ready endpoints; while there are none, those that still serve although they are shutting down.</summary>
    public static Balance For(V1ServicePort port, IEnumerable<V1EndpointSlice> slices, string nodeName)
    {
        var ready = new SortedSet<Endpoint>(Order);
        var leaving = new SortedSet<Endpoint>(Order);
        foreach (var slice in slices.Where(slice => slice.AddressType == "IPv4"))
        {
            var target = (slice.Ports ?? []).FirstOrDefault(candidate =>
                (candidate.Name ?? "") == (port.Name ?? "") && (candidate.Protocol ?? "TCP") == (port.Protocol ?? "TCP"));
            if (target?.Port is not { } number)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints ?? [])
            {
                var state = endpoint.Conditions;
                var found = state?.Ready != false ? ready
                    : state.Serving == true && state.Terminating == true ? leaving
                    : null;
                if (found is not null && endpoint.Addresses is [var address, ..])
                {
                    found.Add(new Endpoint(address, number, endpoint.NodeName == nodeName));
                }
            }
        }

        return new Balance([.. ready.Count > 0 ? ready : leaving]);
    }

    private static Comparer<Endpoint> Order { get; } = Comparer<Endpoint>.Create(static (x, y) =>
    {
        var byAddress = string.CompareOrdinal(x.Address, y.Address);
        return byAddress != 0 ? byAddress : x.Port.CompareTo(y.Port);
    });
}
