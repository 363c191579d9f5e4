using Flotilla.Api.Nodes;
using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Keeps pods off cordoned nodes, unless they tolerate the cordon's taint.</summary>
public sealed class NodeUnschedulable : ILocalFilterPlugin
{
    private static readonly V1Taint Cordon = new() { Key = "node.kubernetes.io/unschedulable", Effect = "NoSchedule" };
    private static readonly Verdict Cordoned = Verdict.Never("node(s) were unschedulable");

    public string Name => "NodeUnschedulable";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodItself;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        signature.Add(pod.Tolerations);
        return true;
    }

    public bool MayHelp(PodInfo pod, ClusterEvent change) => change.Node is not { Spec.Unschedulable: true };

    public NodeFilter? Filter(SchedulingCycle cycle) =>
        Tolerations.Tolerate(cycle.Pod.Tolerations, Cordon) ? null : node => node.Unschedulable ? Cordoned : Verdict.Fits;

    public string Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) => $"uncordon it (kubectl uncordon {node.Name})";
}
