namespace Flotilla.Network.Overlay;

/// <summary>How packets get from one node's pods to another's.</summary>
public enum Backend
{
    /// <summary>Wrapped in UDP: works over any network between the nodes.</summary>
    Vxlan,

    /// <summary>By routes alone: faster, but the nodes must be neighbours on one link.</summary>
    HostGateway,
}
