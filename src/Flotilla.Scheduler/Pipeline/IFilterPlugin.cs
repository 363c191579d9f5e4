using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>May the pod run on this node? Created for one pod's decision, valid while the snapshot does not change.</summary>
public delegate Verdict NodeFilter(NodeInfo node);

/// <summary>A stateless rule about where a pod may run.</summary>
public interface IFilterPlugin
{
    string Name { get; }

    /// <summary>Changes after which a pod that this plugin rejected is worth another look.</summary>
    ClusterChange Unblocks { get; }

    /// <summary>Rejects the pod whatever the node.</summary>
    Verdict Check(PodInfo pod, ClusterSnapshot cluster) => Verdict.Fits;

    /// <summary>The rule applied to this pod, or null when it restricts nothing.</summary>
    NodeFilter? For(PodInfo pod, ClusterSnapshot cluster);
}
