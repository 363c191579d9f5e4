using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>
/// Addresses of the pool, which belong to one service each, and to one node at a time that answers for them. Both stay
/// as they are for as long as they can.
/// </summary>
internal sealed class PoolAddresses(V1Service service, IReadOnlyCollection<V1Service> others, AddressPool pool)
{
    private readonly Dictionary<string, V1Service> held = Held(others);

    /// <param name="usable">Those that can answer now.</param>
    /// <param name="all">Also those that cannot.</param>
    public BalancerPlan Plan(IReadOnlyList<BalancerNode> usable, IReadOnlyCollection<BalancerNode> all)
    {
        var (addresses, refusal) = BalancedService.WantedOf(service) is { Count: > 0 } wanted ? Wanted(wanted) : Any();
        if (refusal is not null)
        {
            return refusal;
        }

        var node = NodeFor(usable, all);
        return node is null
            ? new BalancerPlan(addresses, null, "NoNodes", "There are no available nodes for LoadBalancer")
            : new BalancerPlan(addresses, node, BalancerPlan.Assigned, $"{string.Join(", ", addresses)} answered for by node {node}");
    }

    private (List<string> Addresses, BalancerPlan? Refusal) Wanted(IReadOnlyList<string> wanted)
    {
        foreach (var text in wanted)
        {
            var refusal = !IPAddress.TryParse(text, out var address) || address.ToString() != text ? BalancerPlan.Refused("AddressNotInPool", $"{text} is not an address")
                : !pool.Contains(address) ? BalancerPlan.Refused("AddressNotInPool", $"{text} is not in the pool of load balancers")
                : !BalancedService.Has(service, address.AddressFamily) ? BalancerPlan.Refused("AddressNotInPool", $"{text} is of a family that the service does not have")
                : held.TryGetValue(text, out var holder) ? BalancerPlan.Refused("AddressInUse", $"{text} is held by service {BalancerPlan.Name(holder)}")
                : null;
            if (refusal is not null)
            {
                return ([], refusal);
            }
        }

        return ([.. wanted.Distinct(StringComparer.Ordinal)], null);
    }

    /// <summary>One of each family that both the service and the pool have; what it has stays.</summary>
    private (List<string> Addresses, BalancerPlan? Refusal) Any()
    {
        List<string> addresses = [];
        foreach (var family in BalancedService.FamiliesOf(service).Where(pool.Has))
        {
            if (Kept(family) is { } kept)
            {
                addresses.Add(kept);
            }
            else if (pool.Next(family, address => !held.ContainsKey(address.ToString())) is { } free)
            {
                addresses.Add(free.ToString());
            }
            else
            {
                return ([], BalancerPlan.Refused("PoolExhausted", "all addresses of the pool are in use; delete services of type LoadBalancer, or extend --load-balancer-pool"));
            }
        }

        return (addresses, addresses.Count > 0 ? null : BalancerPlan.Refused("PoolExhausted", "the pool has no addresses of the service's families"));
    }

    private string? Kept(AddressFamily family) => BalancedService.AddressesOf(service)
        .FirstOrDefault(text => IPAddress.TryParse(text, out var address) && address.AddressFamily == family && pool.Contains(address) && !held.ContainsKey(text));

    /// <summary>The one before, while it can; a node that merely has no endpoints at the moment keeps what would be unreachable anywhere.</summary>
    private string? NodeFor(IReadOnlyList<BalancerNode> usable, IReadOnlyCollection<BalancerNode> all)
    {
        var before = BalancedService.NodeOf(service);
        var able = usable.Count > 0 ? usable : [.. all.Where(node => node.IsAvailable).OrderBy(node => node.Name, StringComparer.Ordinal)];
        if (before is not null && able.Any(node => node.Name == before))
        {
            return before;
        }

        var load = others.GroupBy(BalancedService.NodeOf).Where(group => group.Key is not null).ToDictionary(group => group.Key!, group => group.Count(), StringComparer.Ordinal);
        return able.MinBy(node => load.GetValueOrDefault(node.Name))?.Name ?? before;
    }

    private static Dictionary<string, V1Service> Held(IEnumerable<V1Service> others)
    {
        var held = new Dictionary<string, V1Service>(StringComparer.Ordinal);
        foreach (var other in others)
        {
            foreach (var address in BalancedService.AddressesOf(other))
            {
                held.TryAdd(address, other);
            }
        }

        return held;
    }
}
