using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>A pod that names its node runs there or nowhere.</summary>
public sealed class NodeName : ILocalFilterPlugin
{
    private static readonly Verdict Other = Verdict.Never("node(s) didn't match the requested node name");

    public string Name => "NodeName";

    public ClusterChange Unblocks => ClusterChange.Node;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        signature.Add(pod.NodeName);
        return true;
    }

    public bool MayHelp(PodInfo pod, ClusterEvent change) => change.Node is null || change.Node.Metadata.Name == pod.NodeName;

    public NodeFilter? Filter(SchedulingCycle cycle) =>
        cycle.Pod.NodeName is not { } name ? null : node => node.Name == name ? Verdict.Fits : Other;

    public string Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) => $"the pod asks for node {pod.NodeName}";
}
