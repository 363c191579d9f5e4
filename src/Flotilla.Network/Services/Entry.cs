using System.Globalization;

namespace Flotilla.Network.Services;

/// <summary>
/// A way into a service port: an address with a port, or a port of the node (the address is null). What picks among n
/// endpoints is one chain for all entries of that kind: the number joins the packet's own fields as the key of a map.
/// </summary>
internal sealed record Entry(string? Address, string Protocol, int Port)
{
    private string Kind => Address is null ? "node-port-" : "";

    private string Fields => Address is null ? "meta l4proto . th dport" : "ip daddr . meta l4proto . th dport";

    public string Element => Address is null
        ? string.Create(CultureInfo.InvariantCulture, $"{Protocol} . {Port}")
        : string.Create(CultureInfo.InvariantCulture, $"{Address} . {Protocol} . {Port}");

    public string Entries => Address is null ? Names.NodePorts : Names.ServiceAddresses;

    public string Refusals => Address is null ? Names.NoEndpointNodePorts : Names.NoEndpointAddresses;

    /// <summary>Numbers the endpoints of this entry and returns the chain that picks one of them.</summary>
    public string Pick(RuleSet rules, IReadOnlyList<Endpoint> endpoints, bool local = false)
    {
        var map = (local, Address) switch
        {
            (false, not null) => Names.Endpoints,
            (true, not null) => Names.LocalEndpoints,
            (false, null) => Names.NodePortEndpoints,
            (true, null) => Names.LocalNodePortEndpoints,
        };
        for (var i = 0; i < endpoints.Count; i++)
        {
            rules.Add(map, string.Create(CultureInfo.InvariantCulture, $"{Element} . {i}"), string.Create(CultureInfo.InvariantCulture, $"{endpoints[i].Address} . {endpoints[i].Port}"));
        }

        var chain = string.Create(CultureInfo.InvariantCulture, $"{Kind}{(local ? "local-" : "")}pick-{endpoints.Count}");
        rules.Chains[chain] = [string.Create(CultureInfo.InvariantCulture, $"meta l4proto {{ tcp, udp, sctp }} dnat ip to {Fields} . numgen random mod {endpoints.Count} map @{map}")];
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
