using System.Net;
using Flotilla.Network.Overlay;

namespace Flotilla.Network;

/// <summary>One node's network: its addresses and the names of everything it creates on the machine.</summary>
public sealed record NetworkOptions
{
    public required string NodeName { get; init; }

    /// <summary>nftables table that holds all rules, one of each family.</summary>
    public string TableName { get; init; } = "flotilla";

    /// <summary>The table of network policies.</summary>
    public string PolicyTableName => $"{TableName}-policies";

    /// <summary>How other nodes' pods are reached.</summary>
    public Backend Backend { get; init; } = Backend.Vxlan;

    /// <summary>The overlay's device; 15 letters at most.</summary>
    public string OverlayName { get; init; } = "flotilla-vxlan";

    /// <summary>The device that has the addresses of load balancers which this node answers for.</summary>
    public string BalancerName { get; init; } = "flotilla-lb";

    /// <summary>Where other nodes reach this one; null: there are no others.</summary>
    public IPAddress? NodeAddress { get; init; }

    /// <summary>The bridge that joins this node's pods.</summary>
    public string BridgeName { get; init; } = "flotilla0";

    /// <summary>One, or one of each family; the first one's addresses are the pods' first.</summary>
    public IReadOnlyList<FamilyNetwork> Families { get; init; } =
        [new(IPNetwork.Parse("10.244.0.0/24"), IPNetwork.Parse("10.244.0.0/16"), IPNetwork.Parse("10.96.0.0/12"))];

    public FamilyNetwork Primary => Families[0];

    /// <summary>Where pods find cluster DNS; this node answers on it itself.</summary>
    public IPAddress ClusterDnsAddress { get; init; } = IPAddress.Parse("10.96.0.10");

    public string ClusterDomain { get; init; } = "cluster.local";

    /// <summary>Where the container runtime looks for its network configuration.</summary>
    public string CniConfigDirectory { get; init; } = "/var/lib/flotilla/cni/net.d";

    /// <summary>Where host-local keeps which address belongs to which container.</summary>
    public string CniStateDirectory { get; init; } = "/var/lib/flotilla/cni/networks";

    /// <summary>Names the resolvers for names outside the cluster.</summary>
    public string ResolvConfPath { get; init; } = "/etc/resolv.conf";

    /// <summary>The bit of the packet mark that asks for masquerading on the way out.</summary>
    public uint MasqueradeMark { get; init; } = 0x10000;

    /// <summary>How the bridges of plain containers are called that this machine has beside its pods; <c>*</c> stands for the rest.</summary>
    public string ContainerBridges { get; init; } = "fe-*";

    /// <summary>The bit of the packet mark that says that a plain container or a pod asks for an address of the machine.</summary>
    public uint ContainerMark { get; init; } = 0x20000;
}
