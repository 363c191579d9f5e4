using System.Text;

namespace Flotilla.Network.Services;

/// <summary>The part of the table that is the same whatever the cluster holds: hooks, and the maps they consult.</summary>
internal static class BaseTable
{
    public static string Name(NetworkOptions options) => $"ip {options.TableName}";

    /// <summary>Replaces the whole table; the caller appends the rest of the same transaction.</summary>
    public static string Script(NetworkOptions options, bool seesBridgedPackets)
    {
        var mark = $"0x{options.MasqueradeMark:x}";
        var unmark = $"0x{~options.MasqueradeMark:x}";
        var samePods = seesBridgedPackets
            ? ""
            : $"    ip saddr {options.NodePodCidr} ip daddr {options.NodePodCidr} ct status dnat masquerade\n";
        var maps = string.Join('\n', Entry.Maps.Select(map => $"  map {map.Name} {{ typeof {map.Key} . numgen random mod 65535 : {map.Value}; }}"));
        return new StringBuilder()
            .Append($"table {Name(options)}\n")
            .Append($"delete table {Name(options)}\n")
            .Append($$"""
                table {{Name(options)}} {
                  comment "Services and pods of Flotilla"
                  map {{Names.ServiceAddresses}} { type ipv4_addr . inet_proto . inet_service : verdict; }
                {{maps}}
                  map {{WholeAddress.Addresses}} { type ipv4_addr : verdict; }
                  map {{WholeAddress.Endpoints}} { typeof ip daddr . numgen random mod 65535 : ip daddr; }
                  map {{Names.NodePorts}} { type inet_proto . inet_service : verdict; }
                  map {{Names.NoEndpointAddresses}} { type ipv4_addr . inet_proto . inet_service : verdict; }
                  map {{Names.NoEndpointNodePorts}} { type inet_proto . inet_service : verdict; }
                  map {{Names.HostPorts}} { type inet_proto . inet_service : ipv4_addr . inet_service; }
                  map {{Names.HostPortsByAddress}} { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
                  set {{Names.BalancedAddresses}} { type ipv4_addr; }
                  set {{Names.Hairpin}} { type ipv4_addr . ipv4_addr; }

                  chain {{Names.MarkForMasquerade}} { meta mark set meta mark | {{mark}}; }
                  chain {{Names.Refuse}} {
                    meta l4proto tcp reject with tcp reset
                    reject with icmp type port-unreachable
                  }

                  chain find-service {
                    ip saddr != {{options.ClusterPodCidr}} ip daddr {{options.ServiceCidr}} jump {{Names.MarkForMasquerade}}
                    ip daddr . meta l4proto . th dport vmap @{{Names.ServiceAddresses}}
                    ip daddr vmap @{{WholeAddress.Addresses}}
                    ip daddr @{{Names.BalancedAddresses}} return
                    fib daddr type local meta l4proto . th dport vmap @{{Names.NodePorts}}
                    fib daddr type local fib saddr type local jump {{Names.MarkForMasquerade}}
                    meta l4proto { tcp, udp, sctp } dnat ip to ip daddr . meta l4proto . th dport map @{{Names.HostPortsByAddress}}
                    fib daddr type local meta l4proto { tcp, udp, sctp } dnat ip to meta l4proto . th dport map @{{Names.HostPorts}}
                  }
                  chain refuse-service {
                    ip daddr . meta l4proto . th dport vmap @{{Names.NoEndpointAddresses}}
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
                    ip saddr . ip daddr @{{Names.Hairpin}} masquerade fully-random
                {{samePods}}    ip saddr {{options.NodePodCidr}} ip daddr != {{options.ClusterPodCidr}} oifname != "{{options.BridgeName}}" masquerade fully-random
                  }

                  chain guard-loopback {
                    type filter hook prerouting priority raw; policy accept;
                    iifname "{{options.BridgeName}}" ip daddr 127.0.0.0/8 drop
                  }
                  chain filter-input {
                    type filter hook input priority filter; policy accept;
                    ct state new jump refuse-service
                    ct state new ip daddr @{{Names.BalancedAddresses}} meta l4proto { tcp, udp, sctp } jump {{Names.Refuse}}
                  }
                  chain filter-forward {
                    type filter hook forward priority filter; policy accept;
                    ct state new jump refuse-service
                    ip daddr {{options.ServiceCidr}} jump {{Names.Refuse}}
                  }
                  chain filter-output {
                    type filter hook output priority filter; policy accept;
                    ct state new jump refuse-service
                    ip daddr {{options.ServiceCidr}} fib daddr type != local jump {{Names.Refuse}}
                  }
                }

                """)
            .ToString();
    }
}
