using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Two pods cannot hold the same port of a node.</summary>
public sealed class NodePorts : IFilterPlugin
{
    public string Name => "NodePorts";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodGone;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster) =>
        pod.HostPorts.Length == 0
            ? null
            : node => pod.HostPorts.Any(port => node.UsedPorts.Any(port.Conflicts))
                ? Verdict.No("node(s) didn't have free ports for the requested pod ports")
                : Verdict.Fits;
}
