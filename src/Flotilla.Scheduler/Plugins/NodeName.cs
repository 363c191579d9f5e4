using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>A pod that names its node goes nowhere else.</summary>
public sealed class NodeName : IFilterPlugin
{
    public string Name => "NodeName";

    public ClusterChange Unblocks => ClusterChange.Node;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster) =>
        pod.NodeName is null
            ? null
            : node => node.Name == pod.NodeName ? Verdict.Fits : Verdict.Never("node(s) didn't match the requested node name");
}
