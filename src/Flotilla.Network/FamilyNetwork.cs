using System.Net;
using Flotilla.Api.Networks;

namespace Flotilla.Network;

/// <summary>A node's network in one family of addresses.</summary>
/// <param name="NodePods">The pods of this node.</param>
/// <param name="ClusterPods">The pods of all nodes.</param>
public sealed record FamilyNetwork(IPNetwork NodePods, IPNetwork ClusterPods, IPNetwork Services)
{
    public Family Family => Family.Of(NodePods.BaseAddress);

    /// <summary>The node's own address on the bridge: the first of its pods' range.</summary>
    public IPAddress Gateway => NodePods.At(1);
}
