namespace Flotilla.Network.Policies;

/// <summary>
/// The part of the table of policies that is always there. What the node itself sends its pods (probes) passes no
/// forward hook, and what belongs to a connection that was allowed passes at once.
/// </summary>
internal static class PolicyTable
{
    /// <summary>Address of a pod that is isolated to the chain that decides what it may send, or returns.</summary>
    public const string Egress = "egress";

    /// <summary>The same for what it may receive.</summary>
    public const string Ingress = "ingress";

    /// <summary>Pods may always talk to themselves, also through a service.</summary>
    public const string Self = "self";

    /// <summary>
    /// Pods, on whatever node, that plain containers of this one do not reach: what they send leaves with the node's own address, which policies let in.
    /// Ports of the machine that lead to them are everybody's, a pod's of this node too, which is not seen as from outside.
    /// </summary>
    public const string Closed = "closed";

    public const string Witness = "forwarded";

    public static string Name(NetworkOptions options, Family family) => $"{family.Ip} {options.PolicyTableName}";

    public static string Script(NetworkOptions options, Family family) => $$"""
        table {{Name(options, family)}}
        delete table {{Name(options, family)}}
        table {{Name(options, family)}} {
          comment "Network policies of Flotilla"
          map {{Egress}} { type {{family.Type}} : verdict; }
          map {{Ingress}} { type {{family.Type}} : verdict; }
          set {{Self}} { type {{family.Type}} . {{family.Type}}; }
          set {{Closed}} { type {{family.Type}}; }
          chain to-machine {
            type filter hook prerouting priority mangle; policy accept;
            iifname { "{{options.ContainerBridges}}", "{{options.BridgeName}}" } fib daddr type local meta mark set meta mark | {{options.ContainerMark}}
          }
          chain {{Witness}} {
            type filter hook forward priority filter; policy accept;
            ct state established,related accept
        {{Neighbours(options, family)}}
            iifname "{{options.ContainerBridges}}" meta mark & {{options.ContainerMark}} == 0 {{family.Ip}} daddr @{{Closed}} drop
            {{family.Ip}} saddr . {{family.Ip}} daddr @{{Self}} accept
            {{family.Ip}} saddr vmap @{{Egress}}
            iifname "{{options.BridgeName}}" meta mark & {{options.ContainerMark}} != 0 {{family.Ip}} daddr @{{Closed}} accept
            {{family.Ip}} daddr vmap @{{Ingress}}
          }
          chain to-node {
            type filter hook input priority filter; policy accept;
            ct state established,related accept
        {{Neighbours(options, family)}}
            {{family.Ip}} saddr vmap @{{Egress}}
          }
        }

        """;

    /// <summary>
    /// IPv6 finds its neighbours by messages of its own, which must pass or nobody is found. For them every pod has an address
    /// of the link beside its own; no policy knows that one, so that anything else there would be a way around all.
    /// </summary>
    private static string Neighbours(NetworkOptions options, Family family) => family == Family.V4 ? "" : $$"""
            icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert, mld-listener-query, mld-listener-report, mld-listener-done, mld2-listener-report } accept
            iifname "{{options.BridgeName}}" ip6 saddr fe80::/10 ip6 daddr != ff00::/8 drop
            iifname "{{options.BridgeName}}" ip6 daddr fe80::/10 drop
        """;
}
