using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Two pods cannot hold the same port of a node.</summary>
public sealed class NodePorts : ILocalFilterPlugin
{
    private static readonly Verdict Taken = Verdict.No("node(s) didn't have free ports for the requested pod ports");

    public string Name => "NodePorts";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodGone;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        signature.Add(pod.HostPorts.Length);
        foreach (var port in pod.HostPorts)
        {
            signature.Add(port.Address);
            signature.Add(port.Protocol);
            signature.Add(port.Port);
        }

        return true;
    }

    public bool MayHelp(PodInfo pod, ClusterEvent change) =>
        change.Pod is null || change.Pod.HostPorts.Any(port => pod.HostPorts.Any(port.Conflicts));

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var wanted = cycle.Pod.HostPorts;
        return wanted.Length == 0 ? null : node => node.UsedPorts.Count > 0 && wanted.Any(port => node.UsedPorts.Any(port.Conflicts)) ? Taken : Verdict.Fits;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster)
    {
        var taken = pod.HostPorts.Where(port => node.UsedPorts.Any(port.Conflicts)).Select(port => $"{port.Port}/{port.Protocol}").ToList();
        var holders = node.Pods.Values.Where(other => other.HostPorts.Any(port => pod.HostPorts.Any(port.Conflicts))).Select(other => other.Key.ToString());
        return taken.Count == 0 ? null : $"free host port {string.Join(", ", taken)} (held by {string.Join(", ", holders)})";
    }
}
