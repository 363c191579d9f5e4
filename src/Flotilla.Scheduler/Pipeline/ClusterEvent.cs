using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>One change in the cluster, told to pods that wait for one.</summary>
/// <param name="Node">The node as it is now, for <see cref="ClusterChange.Node"/>.</param>
/// <param name="Pod">The pod that was placed, changed or went.</param>
public readonly record struct ClusterEvent(ClusterChange Change, V1Node? Node = null, PodInfo? Pod = null)
{
    public static implicit operator ClusterEvent(ClusterChange change) => new(change);
}
