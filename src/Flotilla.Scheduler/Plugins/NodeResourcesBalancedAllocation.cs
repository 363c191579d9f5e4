using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Prefers nodes where CPU and memory would be used in like proportion, so that neither is stranded.</summary>
public sealed class NodeResourcesBalancedAllocation : IScorePlugin
{
    public string Name => "NodeResourcesBalancedAllocation";

    public int Weight => 1;

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        if (pod.Requests is { MilliCpu: 0, MemoryBytes: 0 })
        {
            return false;
        }

        for (var i = 0; i < nodes.Length; i++)
        {
            var cpu = UsedPart(nodes[i].Requested.MilliCpu + pod.Requests.MilliCpu, nodes[i].Allocatable.MilliCpu);
            var memory = UsedPart(nodes[i].Requested.MemoryBytes + pod.Requests.MemoryBytes, nodes[i].Allocatable.MemoryBytes);
            scores[i] = (1 - (Math.Abs(cpu - memory) / 2)) * ScoreRange.Max;
        }

        return true;
    }

    private static double UsedPart(long used, long capacity) => capacity <= 0 ? 0 : Math.Min(1, used / (double)capacity);
}
