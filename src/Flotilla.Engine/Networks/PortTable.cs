using System.Text;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Networks;

/// <summary>A port of the machine that leads into a container.</summary>
/// <param name="IsSwarms">The address is one of the cluster's, and not on a bridge of this engine.</param>
internal sealed record PublishedPort(PortRecord Port, string Address, bool IsSwarms = false);

/// <summary>The rules of all networks and published ports of this machine's containers. Pure: the whole table as one transaction.</summary>
internal static class PortTable
{
    public static string Script(string name, IEnumerable<NetworkRecord> networks, IReadOnlyCollection<PublishedPort> ports)
    {
        var bridges = networks.Where(network => network.IsBridge).ToList();
        var text = new StringBuilder($"table ip {name}\ndelete table ip {name}\ntable ip {name} {{\n  comment \"Containers of Flotilla's Docker engine\"\n");
        AddMap(text, "everywhere", "inet_proto . inet_service", ports.Where(port => IsAny(port.Port)), port => $"{port.Protocol} . {port.HostPort}");
        AddMap(text, "at-address", "ipv4_addr . inet_proto . inet_service", ports.Where(port => !IsAny(port.Port)), port => $"{port.HostAddress} . {port.Protocol} . {port.HostPort}");
        text.Append("""
              chain find-container {
                meta l4proto { tcp, udp, sctp } dnat ip to ip daddr . meta l4proto . th dport map @at-address
                fib daddr type local meta l4proto { tcp, udp, sctp } dnat ip to meta l4proto . th dport map @everywhere
              }
              chain prerouting { type nat hook prerouting priority dstnat; policy accept; jump find-container; }
              chain output { type nat hook output priority -100; policy accept; jump find-container; }

            """);
        AddChain(text, "postrouting", "type nat hook postrouting priority srcnat; policy accept;", [.. bridges.SelectMany(Masquerade), .. ports.Where(port => port.IsSwarms).Select(port => port.Address).Distinct(StringComparer.Ordinal).SelectMany(Masquerade)]);
        AddChain(text, "guard-loopback", "type filter hook prerouting priority raw; policy accept;", bridges.Select(bridge => $"iifname \"{bridge.Bridge}\" ip daddr 127.0.0.0/8 drop"));
        AddChain(text, "forward", "type filter hook forward priority filter; policy accept;", ["ct state established,related accept", "ct status dnat accept", .. bridges.SelectMany(bridge => Isolate(bridge, bridges))]);
        return text.Append("}\n").ToString();
    }

    private static void AddMap(StringBuilder text, string name, string key, IEnumerable<PublishedPort> ports, Func<PortRecord, string> keyOf)
    {
        var elements = string.Join(", ", ports.DistinctBy(port => keyOf(port.Port)).Select(port => $"{keyOf(port.Port)} : {port.Address} . {port.Port.ContainerPort}"));
        text.Append($"  map {name} {{ type {key} : ipv4_addr . inet_service; {(elements.Length == 0 ? "" : $"elements = {{ {elements} }}")} }}\n");
    }

    private static void AddChain(StringBuilder text, string name, string hook, IEnumerable<string> rules) =>
        text.Append($"  chain {name} {{\n    {hook}\n{string.Concat(rules.Select(rule => $"    {rule}\n"))}  }}\n");

    private static bool IsAny(PortRecord port) => port.HostAddress is "" or "0.0.0.0" or "::";

    private static IEnumerable<string> Masquerade(NetworkRecord network) =>
    [
        // The machine's own loopback means nothing in a container, and a container that meets itself by its port must hear the machine.
        $"oifname \"{network.Bridge}\" ct status dnat ip saddr 127.0.0.0/8 masquerade",
        $"ip saddr {network.Subnet} ip daddr {network.Subnet} ct status dnat masquerade",
        .. network.IsInternal ? (string[])[] : [$"ip saddr {network.Subnet} oifname != \"{network.Bridge}\" masquerade"],
    ];

    private static IEnumerable<string> Masquerade(string address) =>
        [$"ip daddr {address} ct status dnat ip saddr 127.0.0.0/8 masquerade", $"ip daddr {address} ct status dnat ip saddr {address} masquerade"];

    private static IEnumerable<string> Isolate(NetworkRecord network, List<NetworkRecord> all)
    {
        if (network.IsInternal)
        {
            return [$"iifname \"{network.Bridge}\" oifname != \"{network.Bridge}\" drop", $"oifname \"{network.Bridge}\" iifname != \"{network.Bridge}\" drop"];
        }

        var others = string.Join(", ", all.Where(other => other != network).Select(other => $"\"{other.Bridge}\""));
        return others.Length == 0 ? [] : [$"iifname \"{network.Bridge}\" oifname {{ {others} }} drop"];
    }
}
