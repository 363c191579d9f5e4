namespace Flotilla.Network.Services;

/// <summary>Names inside the table of services.</summary>
internal static class Names
{
    /// <summary>Address, protocol and port to what picks an endpoint.</summary>
    public const string ServiceAddresses = "service-addresses";

    public const string NodePorts = "node-ports";
    public const string NoEndpointAddresses = "no-endpoint-addresses";
    public const string NoEndpointNodePorts = "no-endpoint-node-ports";
    public const string HostPorts = "host-ports";
    public const string HostPortsByAddress = "host-ports-by-address";
    /// <summary>Addresses of load balancers that no node has by itself: nothing but their services is there.</summary>
    public const string BalancedAddresses = "balanced-addresses";

    public const string Hairpin = "hairpin";
    public const string MarkForMasquerade = "mark-for-masquerade";
    public const string Refuse = "refuse";
}
