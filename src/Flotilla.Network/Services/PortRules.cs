using System.Globalization;
using Flotilla.Network.LoadBalancers;
using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>The rules of one port of one service: who may enter by which address, and which endpoints answer.</summary>
internal sealed class PortRules(
    FamilyNetwork network, RuleSet rules, V1Service service, string clusterAddress, V1ServicePort port, Balance balance, int? affinitySeconds)
{
    private readonly Family family = network.Family;
    private readonly string protocol = (port.Protocol ?? "TCP").ToLowerInvariant();
    private readonly string id = string.Create(
        CultureInfo.InvariantCulture,
        $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}/{(port.Protocol ?? "TCP").ToLowerInvariant()}/{port.Port}");

    private bool InsideIsLocal => service.Spec.InternalTrafficPolicy == "Local";

    private bool OutsideIsLocal => service.Spec.ExternalTrafficPolicy == "Local";

    public void Add()
    {
        Enter(new Entry(family, clusterAddress, protocol, port.Port), Inside);
        foreach (var address in Usable(service.Spec.ExternalIPs))
        {
            Enter(new Entry(family, address, protocol, port.Port), Outside);
        }

        foreach (var address in Usable(service.Status?.LoadBalancer?.Ingress?.Where(entry => entry.IpMode != "Proxy").Select(entry => entry.Ip)))
        {
            Enter(new Entry(family, address, protocol, port.Port), Balanced);
            if (HeldAddresses.AreOfPool(service))
            {
                rules.Add(Names.BalancedAddresses, address);
            }
        }

        if (port.NodePort is > 0 && service.Spec.Type is "NodePort" or "LoadBalancer")
        {
            Enter(new Entry(family, null, protocol, port.NodePort.Value), Outside);
        }

        foreach (var endpoint in balance.All)
        {
            rules.Add(Names.Hairpin, $"{endpoint.Address} . {endpoint.Address}");
        }
    }

    private IEnumerable<string> Usable(IEnumerable<string?>? addresses) =>
        (addresses ?? []).OfType<string>().Distinct(StringComparer.Ordinal).Where(family.Has);

    private void Enter(Entry entry, Func<Entry, string> verdict)
    {
        if (balance.All.Count == 0)
        {
            rules.Add(entry.Refusals, entry.Element, $"goto {Names.Refuse}");
            return;
        }

        rules.Add(entry.Entries, entry.Element, verdict(entry));
        if (protocol == "udp")
        {
            rules.UdpTargets.UnionWith(balance.All.Select(endpoint => new UdpTarget(entry.Address, entry.Port, endpoint.Address)));
        }
    }

    private string Inside(Entry entry) => InsideIsLocal
        ? Pick(entry, balance.Local, "local")
        : Pick(entry, balance.Near, "service");

    /// <summary>A load balancer's address, open only to the ranges the service names.</summary>
    private string Balanced(Entry entry)
    {
        if (service.Spec.LoadBalancerSourceRanges is not { Count: > 0 } ranges)
        {
            return Outside(entry);
        }

        // Ranges of the other family let nobody of this one in.
        var own = ranges.Select(range => range.Trim()).Where(family.Has).ToList();
        return own.Count == 0 ? "drop" : Chain($"balanced/{id}/{Word(entry.Address!)}", [$"{family.Ip} saddr != {{ {string.Join(", ", own)} }} drop", Outside(entry)]);
    }

    /// <summary>
    /// Traffic from outside. To reach an endpoint anywhere its source must become this node, or the answer would take
    /// another way; with policy Local only endpoints here answer, and see who asked.
    /// </summary>
    private string Outside(Entry entry)
    {
        if (!OutsideIsLocal)
        {
            return affinitySeconds is null
                ? $"goto {entry.PickMasqueraded(rules, balance.Near)}"
                : Chain($"outside/{id}", [$"jump {Names.MarkForMasquerade}", Pick(entry, balance.Near, "service")]);
        }

        var anywhere = Pick(entry, balance.Near, "service");
        var here = Pick(entry, balance.Local, "local");
        List<string> all =
        [
            $"{family.Ip} saddr {network.ClusterPods} {anywhere}",
            $"fib saddr type local jump {Names.MarkForMasquerade}",
            $"fib saddr type local {anywhere}",
            here,
        ];
        return affinitySeconds is null
            ? Chain($"outside-{anywhere["goto ".Length..]}-{(here == "drop" ? "nowhere" : here["goto ".Length..])}", all)
            : Chain($"outside/{id}", all);
    }

    private string Pick(Entry entry, IReadOnlyList<Endpoint> endpoints, string role)
    {
        // There are endpoints, but none that this traffic may use.
        if (endpoints.Count == 0)
        {
            return "drop";
        }

        return affinitySeconds is { } seconds
            ? Chain($"{role}/{id}", Sticky(endpoints, seconds))
            : $"goto {entry.Pick(rules, endpoints, role == "local")}";
    }

    private List<string> Sticky(IReadOnlyList<Endpoint> endpoints, int seconds)
    {
        var chains = endpoints.Select(endpoint => StickyEndpoint(endpoint, seconds)).ToList();
        List<string> all = [.. endpoints.Select((endpoint, i) => $"{family.Ip} saddr @{AffinitySet(endpoint, seconds)} {chains[i]}")];
        all.Add($"numgen random mod {endpoints.Count} vmap {{ {string.Join(", ", chains.Select((chain, i) => $"{i} : {chain}"))} }}");
        return all;
    }

    private string StickyEndpoint(Endpoint endpoint, int seconds)
    {
        var set = AffinitySet(endpoint, seconds);
        rules.Sets[set] = $"type {family.Type}; flags dynamic,timeout; timeout {seconds}s;";
        return Chain(
            $"endpoint/{Word(endpoint.Address)}/{endpoint.Port}/{id}",
            [$"update @{set} {{ {family.Ip} saddr }}", $"meta l4proto {protocol} dnat {family.Ip} to {family.Target(endpoint.Address, endpoint.Port)}"]);
    }

    // The time is part of the name because a set's timeout cannot be changed.
    private string AffinitySet(Endpoint endpoint, int seconds) => $"clients/{id}/{Word(endpoint.Address)}/{endpoint.Port}/{seconds}";

    // nft allows no colons in names.
    private static string Word(string address) => address.Replace(':', '-');

    private string Chain(string name, IReadOnlyList<string> content)
    {
        rules.Chains[name] = content;
        return $"goto {name}";
    }
}
