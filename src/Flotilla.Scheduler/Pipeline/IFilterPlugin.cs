using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>May the pod run on this node? Made for one pod, valid while the snapshot does not change.</summary>
public delegate Verdict NodeFilter(NodeInfo node);

/// <summary>A rule about where a pod may run.</summary>
public interface IFilterPlugin : IPlugin
{
    /// <summary>
    /// The rule made ready for this pod, or null when it restricts nothing. Called after every PreFilter, and again when
    /// preemption has tried out a change of the snapshot.
    /// </summary>
    NodeFilter? Filter(SchedulingCycle cycle);

    /// <summary>What would make the pod fit a node that this plugin rejected, e.g. "needs 500m more cpu"; null when there is nothing to add.</summary>
    string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) => null;
}
