using System.Globalization;

namespace Flotilla.Network.Services;

/// <summary>
/// A way into a service port: an address with a port, or a port of the node (the address is null). What picks among n
/// endpoints is one chain for all entries of that kind: the number joins the packet's own fields as the key of a map.
/// Each protocol has maps of its own, as nft cannot add rules that use a map of ports of any protocol.
/// </summary>
internal sealed record Entry(Family Family, string? Address, string Protocol, int Port)
{
    /// <summary>The maps that number endpoints, and what is in front of the number in their keys.</summary>
    public static IEnumerable<(string Name, string Key, string Value)> Maps(Family family) =>
        from protocol in new[] { "tcp", "udp", "sctp" }
        from kind in new[] { ("", $"{family.Ip} daddr . {protocol} dport"), ("node-port-", $"{protocol} dport") }
        from local in new[] { "", "local-" }
        select ($"{protocol}-{kind.Item1}{local}endpoints", kind.Item2, $"{family.Ip} daddr . {protocol} dport");

    private string Kind => Address is null ? "node-port-" : "";

    public string Element => Address is null
        ? string.Create(CultureInfo.InvariantCulture, $"{Protocol} . {Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Address} . {Protocol} . {Port}");

    public string Entries => Address is null ? Names.NodePorts : Names.ServiceAddresses;

    public string Refusals => Address is null ? Names.NoEndpointNodePorts : Names.NoEndpointAddresses;

    /// <summary>Numbers the endpoints of this entry and returns the chain that picks one of them.</summary>
    public string Pick(RuleSet rules, IReadOnlyList<Endpoint> endpoints, bool local = false)
    {
        var kind = $"{Protocol}-{Kind}{(local ? "local-" : "")}";
        var (entry, fields) = Address is null
            ? (Port.ToString(CultureInfo.InvariantCulture), $"{Protocol} dport")
            : (string.Create(CultureInfo.InvariantCulture, $"{Address} . {Port}"), $"{Family.Ip} daddr . {Protocol} dport");
        for (var i = 0; i < endpoints.Count; i++)
        {
            rules.Add($"{kind}endpoints", string.Create(CultureInfo.InvariantCulture, $"{entry} . {i}"), string.Create(CultureInfo.InvariantCulture, $"{endpoints[i].Address} . {endpoints[i].Port}"));
        }

        var chain = string.Create(CultureInfo.InvariantCulture, $"{kind}pick-{endpoints.Count}");
        rules.Chains[chain] = [string.Create(CultureInfo.InvariantCulture, $"dnat {Family.Ip} to {fields} . numgen random mod {endpoints.Count} map @{kind}endpoints")];
        return chain;
    }

    /// <summary>The same for a source that must become this node.</summary>
    public string PickMasqueraded(RuleSet rules, IReadOnlyList<Endpoint> endpoints)
    {
        var pick = Pick(rules, endpoints);
        rules.Chains[$"outside-{pick}"] = [$"jump {Names.MarkForMasquerade}", $"goto {pick}"];
        return $"outside-{pick}";
    }
}
