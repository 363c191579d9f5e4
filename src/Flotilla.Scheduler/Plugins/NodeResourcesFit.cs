using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>What the pod requests must be free on the node; among nodes that fit, the emptier one is preferred.</summary>
public sealed class NodeResourcesFit : IFilterPlugin, IScorePlugin
{
    public string Name => "NodeResourcesFit";

    public int Weight => 1;

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodGone;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster) => node => Fit(pod.Requests, node);

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        for (var i = 0; i < nodes.Length; i++)
        {
            var used = nodes[i].ScoringRequested;
            var cpu = FreePart(used.MilliCpu + pod.ScoringRequests.MilliCpu, nodes[i].Allocatable.MilliCpu);
            var memory = FreePart(used.MemoryBytes + pod.ScoringRequests.MemoryBytes, nodes[i].Allocatable.MemoryBytes);
            scores[i] = (cpu + memory) / 2 * ScoreRange.Max;
        }

        return true;
    }

    private static double FreePart(long used, long capacity) =>
        capacity <= 0 || used > capacity ? 0 : (capacity - used) / (double)capacity;

    private static Verdict Fit(Resources asked, NodeInfo node)
    {
        List<string>? missing = null;
        var unresolvable = false;
        if (node.Pods.Count + 1 > node.AllowedPods)
        {
            (missing ??= []).Add("Too many pods");
        }

        Check("cpu", asked.MilliCpu, node.Requested.MilliCpu, node.Allocatable.MilliCpu);
        Check("memory", asked.MemoryBytes, node.Requested.MemoryBytes, node.Allocatable.MemoryBytes);
        Check("ephemeral-storage", asked.EphemeralStorageBytes, node.Requested.EphemeralStorageBytes, node.Allocatable.EphemeralStorageBytes);
        if (asked.Extended.Count > 0)
        {
            foreach (var (name, amount) in asked.Extended)
            {
                Check(name, amount, node.Requested.Extended.GetValueOrDefault(name), node.Allocatable.Extended?.GetValueOrDefault(name) ?? 0);
            }
        }

        return missing is null ? Verdict.Fits : unresolvable ? Verdict.Never(missing) : Verdict.No(missing);

        void Check(string name, long amount, long used, long capacity)
        {
            if (amount > 0 && amount > capacity - used)
            {
                (missing ??= []).Add($"Insufficient {name}");
                unresolvable |= amount > capacity;
            }
        }
    }
}
