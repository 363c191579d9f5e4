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

    public const string Witness = "forwarded";

    public static string Name(NetworkOptions options) => $"ip {options.PolicyTableName}";

    public static string Script(NetworkOptions options) => $$"""
        table {{Name(options)}}
        delete table {{Name(options)}}
        table {{Name(options)}} {
          comment "Network policies of Flotilla"
          map {{Egress}} { type ipv4_addr : verdict; }
          map {{Ingress}} { type ipv4_addr : verdict; }
          set {{Self}} { type ipv4_addr . ipv4_addr; }
          chain {{Witness}} {
            type filter hook forward priority filter; policy accept;
            ct state established,related accept
            ip saddr . ip daddr @{{Self}} accept
            ip saddr vmap @{{Egress}}
            ip daddr vmap @{{Ingress}}
          }
          chain to-node {
            type filter hook input priority filter; policy accept;
            ct state established,related accept
            ip saddr vmap @{{Egress}}
          }
        }

        """;
}
