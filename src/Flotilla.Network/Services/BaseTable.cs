using System.Text;

namespace Flotilla.Network.Services;

/// <summary>The part of the table that is the same whatever the cluster holds: hooks, and the maps they consult.</summary>
internal static class BaseTable
{
    public static string Name(NetworkOptions options, Family family) => $"{family.Ip} {options.TableName}";

    /// <summary>Replaces the whole table; the caller appends the rest of the same transaction.</summary>
    public static string Script(NetworkOptions options, FamilyNetwork network, bool seesBridgedPackets)
    {
        var (name, family) = (Name(options, network.Family), network.Family);
        var (ip, type) = (family.Ip, family.Type);
        var mark = $"0x{options.MasqueradeMark:x}";
        var unmark = $"0x{~options.MasqueradeMark:x}";
        var samePods = seesBridgedPackets
            ? ""
            : $"    {ip} saddr {network.NodePods} {ip} daddr {network.NodePods} ct status dnat masquerade\n";

        // Linux lets nothing out that came from IPv6's loopback: left alone it is refused, and clients try the other family.
        var loopback = family == Family.V6 ? $"ip6 daddr {family.Loopback} return" : "";
        var maps = string.Join('\n', Entry.Maps(family).Select(map => $"  map {map.Name} {{ typeof {map.Key} . numgen random mod 65535 : {map.Value}; }}"));
        return new StringBuilder()
            .Append($"table {name}\n")
            .Append($"delete table {name}\n")
            .Append($$"""
                table {{name}} {
                  comment "Services and pods of Flotilla"
                  map {{Names.ServiceAddresses}} { type {{type}} . inet_proto . inet_service : verdict; }
                {{maps}}
                  map {{WholeAddress.Addresses}} { type {{type}} : verdict; }
                  map {{WholeAddress.Endpoints}} { typeof {{ip}} daddr . numgen random mod 65535 : {{ip}} daddr; }
                  map {{Names.NodePorts}} { type inet_proto . inet_service : verdict; }
                  map {{Names.NoEndpointAddresses}} { type {{type}} . inet_proto . inet_service : verdict; }
                  map {{Names.NoEndpointNodePorts}} { type inet_proto . inet_service : verdict; }
                  map {{Names.HostPorts}} { type inet_proto . inet_service : {{type}} . inet_service; }
                  map {{Names.HostPortsByAddress}} { type {{type}} . inet_proto . inet_service : {{type}} . inet_service; }
                  set {{Names.BalancedAddresses}} { type {{type}}; }
                  set {{Names.Hairpin}} { type {{type}} . {{type}}; }

                  chain {{Names.MarkForMasquerade}} { meta mark set meta mark | {{mark}}; }
                  chain {{Names.Refuse}} {
                    meta l4proto tcp reject with tcp reset
                    reject with {{family.Icmp}} type port-unreachable
                  }

                  chain find-service {
                    {{ip}} saddr != {{network.ClusterPods}} {{ip}} daddr {{network.Services}} jump {{Names.MarkForMasquerade}}
                    {{ip}} daddr . meta l4proto . th dport vmap @{{Names.ServiceAddresses}}
                    {{ip}} daddr vmap @{{WholeAddress.Addresses}}
                    {{ip}} daddr @{{Names.BalancedAddresses}} return
                    {{loopback}}
                    fib daddr type local meta l4proto . th dport vmap @{{Names.NodePorts}}
                    fib daddr type local fib saddr type local jump {{Names.MarkForMasquerade}}
                    meta l4proto { tcp, udp, sctp } dnat {{ip}} to {{ip}} daddr . meta l4proto . th dport map @{{Names.HostPortsByAddress}}
                    fib daddr type local meta l4proto { tcp, udp, sctp } dnat {{ip}} to meta l4proto . th dport map @{{Names.HostPorts}}
                  }
                  chain refuse-service {
                    {{ip}} daddr . meta l4proto . th dport vmap @{{Names.NoEndpointAddresses}}
                    fib daddr type local meta l4proto . th dport vmap @{{Names.NoEndpointNodePorts}}
                  }

                  chain prerouting {
                    type nat hook prerouting priority dstnat; policy accept;
                    jump find-service
                  }
                  chain output {
                    type nat hook output priority -100; policy accept;
                    jump find-service
                  }
                  chain postrouting {
                    type nat hook postrouting priority srcnat; policy accept;
                    meta mark & {{mark}} == {{mark}} ct status dnat meta mark set meta mark & {{unmark}} masquerade fully-random
                    {{ip}} saddr . {{ip}} daddr @{{Names.Hairpin}} masquerade fully-random
                {{samePods}}    {{ip}} saddr {{network.NodePods}} {{ip}} daddr != {{network.ClusterPods}} oifname != "{{options.BridgeName}}" masquerade fully-random
                  }

                  chain guard-loopback {
                    type filter hook prerouting priority raw; policy accept;
                    iifname "{{options.BridgeName}}" {{ip}} daddr {{family.Loopback}} drop
                  }
                  chain filter-input {
                    type filter hook input priority filter; policy accept;
                    ct state new jump refuse-service
                    ct state new {{ip}} daddr @{{Names.BalancedAddresses}} meta l4proto { tcp, udp, sctp } jump {{Names.Refuse}}
                  }
                  chain filter-forward {
                    type filter hook forward priority filter; policy accept;
                    ct state new jump refuse-service
                    {{ip}} daddr {{network.Services}} jump {{Names.Refuse}}
                  }
                  chain filter-output {
                    type filter hook output priority filter; policy accept;
                    ct state new jump refuse-service
                    {{ip}} daddr {{network.Services}} fib daddr type != local jump {{Names.Refuse}}
                  }
                }

                """)
            .ToString();
    }
}
