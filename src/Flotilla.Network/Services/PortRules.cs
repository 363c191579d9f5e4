using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>The rules of one port of one service: who may enter by which address, and which endpoints answer.</summary>
internal sealed class PortRules(
    NetworkOptions options, RuleSet rules, V1Service service, V1ServicePort port, Balance balance, int? affinitySeconds)
{
    private readonly string protocol = (port.Protocol ?? "TCP").ToLowerInvariant();
    private readonly string id =
        $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}/{(port.Protocol ?? "TCP").ToLowerInvariant()}/{port.Port}";

    private bool InsideIsLocal => service.Spec.InternalTrafficPolicy == "Local";

    private bool OutsideIsLocal => service.Spec.ExternalTrafficPolicy == "Local";

    public void Add()
    {
        Enter(service.Spec.ClusterIP, () => InsideIsLocal ? Pick(balance.Local, "local") : Pick(balance.All, "service"));
        foreach (var address in Usable(service.Spec.ExternalIPs))
        {
            Enter(address, Outside);
        }

        foreach (var address in Usable(service.Status?.LoadBalancer?.Ingress?.Where(entry => entry.IpMode != "Proxy").Select(entry => entry.Ip)))
        {
            Enter(address, Balanced);
        }

        if (port.NodePort is > 0 && service.Spec.Type is "NodePort" or "LoadBalancer")
        {
            EnterNodePort(port.NodePort.Value);
        }

        foreach (var endpoint in balance.All)
        {
            rules.Add(Names.Hairpin, $"{endpoint.Address} . {endpoint.Address}");
        }
    }

    private static IEnumerable<string> Usable(IEnumerable<string?>? addresses) =>
        (addresses ?? []).OfType<string>().Where(address =>
            IPAddress.TryParse(address, out var parsed) && parsed.AddressFamily == AddressFamily.InterNetwork);

    private void Enter(string address, Func<string> chain)
    {
        var element = $"{address} . {protocol} . {port.Port}";
        if (balance.All.Count == 0)
        {
            rules.Add(Names.NoEndpointAddresses, element, $"goto {Names.Refuse}");
            return;
        }

        rules.Add(Names.ServiceAddresses, element, chain());
        Remember(address, port.Port);
    }

    private void EnterNodePort(int nodePort)
    {
        if (balance.All.Count == 0)
        {
            rules.Add(Names.NoEndpointNodePorts, $"{protocol} . {nodePort}", $"goto {Names.Refuse}");
            return;
        }

        rules.Add(Names.NodePorts, $"{protocol} . {nodePort}", Outside());
        Remember(null, nodePort);
    }

    private void Remember(string? address, int entryPort)
    {
        if (protocol == "udp")
        {
            rules.UdpTargets.UnionWith(balance.All.Select(endpoint => new UdpTarget(address, entryPort, endpoint.Address)));
        }
    }

    /// <summary>A load balancer's address, open only to the ranges the service names.</summary>
    private string Balanced()
    {
        if (service.Spec.LoadBalancerSourceRanges is not { Count: > 0 } ranges)
        {
            return Outside();
        }

        return Chain("balanced", () => [$"ip saddr != {{ {string.Join(", ", ranges.Select(range => range.Trim()))} }} drop", Outside()]);
    }

    /// <summary>
    /// Traffic from outside. To reach an endpoint anywhere its source must become this node, or the answer would take
    /// another way; with policy Local only endpoints here answer, and see who asked.
    /// </summary>
    private string Outside() => Chain("outside", () => OutsideIsLocal
        ?
        [
            $"ip saddr {options.ClusterPodCidr} {Pick(balance.All, "service")}",
            $"fib saddr type local jump {Names.MarkForMasquerade}",
            $"fib saddr type local {Pick(balance.All, "service")}",
            Pick(balance.Local, "local"),
        ]
        : [$"jump {Names.MarkForMasquerade}", Pick(balance.All, "service")]);

    private string Pick(IReadOnlyList<Endpoint> endpoints, string role)
    {
        // There are endpoints, but none that this traffic may use.
        if (endpoints.Count == 0)
        {
            return "drop";
        }

        return Chain(role, () => affinitySeconds is { } seconds ? Sticky(endpoints, seconds) : [Translate(endpoints)]);
    }

    private string Translate(IReadOnlyList<Endpoint> endpoints) => endpoints is [var only]
        ? $"meta l4proto {protocol} dnat ip to {only.Address}:{only.Port}"
        : $"meta l4proto {protocol} dnat ip to numgen random mod {endpoints.Count} map {{ "
            + string.Join(", ", endpoints.Select((one, i) => $"{i} : {one.Address} . {one.Port}")) + " }";

    private List<string> Sticky(IReadOnlyList<Endpoint> endpoints, int seconds)
    {
        var chains = endpoints.Select(endpoint => StickyEndpoint(endpoint, seconds)).ToList();
        List<string> all = [.. endpoints.Select((endpoint, i) => $"ip saddr @{AffinitySet(endpoint, seconds)} {chains[i]}")];
        all.Add($"numgen random mod {endpoints.Count} vmap {{ {string.Join(", ", chains.Select((chain, i) => $"{i} : {chain}"))} }}");
        return all;
    }

    private string StickyEndpoint(Endpoint endpoint, int seconds)
    {
        var set = AffinitySet(endpoint, seconds);
        rules.AffinitySets[set] = seconds;
        return Chain($"endpoint/{endpoint.Address}/{endpoint.Port}", () =>
            [$"update @{set} {{ ip saddr }}", $"meta l4proto {protocol} dnat ip to {endpoint.Address}:{endpoint.Port}"]);
    }

    // The time is part of the name because a set's timeout cannot be changed.
    private string AffinitySet(Endpoint endpoint, int seconds) => $"clients/{id}/{endpoint.Address}/{endpoint.Port}/{seconds}";

    private string Chain(string role, Func<IReadOnlyList<string>> content)
    {
        var name = $"{role}/{id}";
        if (!rules.Chains.ContainsKey(name))
        {
            rules.Chains[name] = content();
        }

        return $"goto {name}";
    }
}
