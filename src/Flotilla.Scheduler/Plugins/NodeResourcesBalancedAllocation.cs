using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Prefers nodes whose resources would be used in more like proportion with the pod than without, so that none is stranded.</summary>
public sealed class NodeResourcesBalancedAllocation(IReadOnlyList<string>? resources = null) : ILocalScorePlugin
{
    private readonly IReadOnlyList<string>? resources = resources is null or ["cpu", "memory"] ? null : resources;

    public string Name => "NodeResourcesBalancedAllocation";

    public int Weight => 1;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        signature.Add(pod.Requests);
        return pod.Requests.Extended.Count == 0;
    }

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        var asked = cycle.Pod.Requests;
        if (resources is null ? asked is { MilliCpu: 0, MemoryBytes: 0 } : resources.All(name => asked.Amount(name) == 0))
        {
            return false;
        }

        for (var i = 0; i < nodes.Length; i++)
        {
            var with = resources is null ? Balance(nodes[i], asked) : BalanceOf(resources, nodes[i], asked);
            var without = resources is null ? Balance(nodes[i], Resources.None) : BalanceOf(resources, nodes[i], Resources.None);
            scores[i] = (ScoreRange.Max / 2) + (((ScoreRange.Max / 2) + with - without) / 2);
        }

        return true;
    }

    // The usual two resources: the deviation of two numbers is half their distance.
    private static long Balance(NodeInfo node, Resources more)
    {
        var (cpu, memory) = (node.Allocatable.MilliCpu, node.Allocatable.MemoryBytes);
        return cpu == 0 || memory == 0
            ? ScoreRange.Max
            : Scaled(Math.Abs(Part(node.Requested.MilliCpu + more.MilliCpu, cpu) - Part(node.Requested.MemoryBytes + more.MemoryBytes, memory)) / 2);
    }

    private static long BalanceOf(IReadOnlyList<string> resources, NodeInfo node, Resources more)
    {
        double[] parts = [.. resources
            .Where(name => node.Allocatable.Amount(name) > 0)
            .Select(name => Part(node.Requested.Amount(name) + more.Amount(name), node.Allocatable.Amount(name)))];
        if (parts.Length < 2)
        {
            return ScoreRange.Max;
        }

        var mean = parts.Average();
        return Scaled(Math.Sqrt(parts.Sum(part => (part - mean) * (part - mean)) / parts.Length));
    }

    private static long Scaled(double deviation) => (long)((1 - deviation) * ScoreRange.Max);

    private static double Part(long used, long capacity) => Math.Min(1, used / (double)capacity);
}
