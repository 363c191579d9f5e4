using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Keeps pods off cordoned nodes, unless they tolerate the cordon's taint.</summary>
public sealed class NodeUnschedulable : IFilterPlugin
{
    private static readonly V1Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };

    public string Name => "NodeUnschedulable";

    public ClusterChange Unblocks => ClusterChange.Node;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster) =>
        Tolerations.Tolerate(pod.Tolerations, Cordon)
            ? null
            : node => node.Unschedulable ? Verdict.Never("node(s) were unschedulable") : Verdict.Fits;
}
