namespace Flotilla.Api.Services;

/// <summary>What a Service may ask for beyond upstream's fields. Names and ports are given by administrators only.</summary>
public static class ServiceAnnotations
{
    /// <summary><c>true</c>: whatever port of the cluster address is asked for, an endpoint answers on the same one.</summary>
    public const string AllPorts = "flotilla.dev/all-ports";

    /// <summary>Further names in cluster DNS, separated by spaces, each relative to the cluster's domain: <c>my_web.NETWORK.swarm</c>.</summary>
    public const string DnsNames = "flotilla.dev/dns-names";

    /// <summary><c>true</c>: its node ports may be any, not only those of the cluster's range.</summary>
    public const string AnyNodePort = "flotilla.dev/any-node-port";
}
