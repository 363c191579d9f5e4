using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>How full a node should be: scores what it would hold with the pod, resource by resource, by weight.</summary>
/// <param name="Score">Of one resource: (requested, capacity) to 0..100.</param>
/// <param name="Rounds">Averages are rounded and resources that score nothing do not count, instead of cut off.</param>
public sealed class FitStrategy(IReadOnlyList<(string Name, long Weight)> resources, Func<long, long, long> score, bool rounds = false)
{
    public static readonly IReadOnlyList<(string Name, long Weight)> CpuAndMemory = [("cpu", 1), ("memory", 1)];

    public static readonly FitStrategy LeastAllocated = new(CpuAndMemory, Least);

    /// <summary>The emptier the better.</summary>
    public static long Least(long requested, long capacity) =>
        capacity == 0 || requested > capacity ? 0 : (capacity - requested) * ScoreRange.Max / capacity;

    /// <summary>The fuller the better.</summary>
    public static long Most(long requested, long capacity) =>
        capacity == 0 ? 0 : Math.Min(requested, capacity) * ScoreRange.Max / capacity;

    /// <summary>By a broken line through points (utilization 0..100, score 0..10).</summary>
    public static Func<long, long, long> Ratio(IReadOnlyList<(long Utilization, long Score)> shape) => (requested, capacity) =>
        Along(shape, capacity == 0 || requested > capacity ? 100 : requested * 100 / capacity);

    public long Score(PodInfo pod, NodeInfo node)
    {
        long sum = 0, weights = 0;
        foreach (var (name, weight) in resources)
        {
            var (requested, capacity) = With(pod, node, name);
            if (capacity == 0)
            {
                continue;
            }

            var one = score(requested, capacity);
            if (!rounds || one > 0)
            {
                sum += one * weight;
                weights += weight;
            }
        }

        return weights == 0 ? 0 : rounds ? (long)Math.Round((double)sum / weights, MidpointRounding.AwayFromZero) : sum / weights;
    }

    private static (long Requested, long Capacity) With(PodInfo pod, NodeInfo node, string name) => name switch
    {
        "cpu" => (node.ScoringRequested.MilliCpu + pod.ScoringRequests.MilliCpu, node.Allocatable.MilliCpu),
        "memory" => (node.ScoringRequested.MemoryBytes + pod.ScoringRequests.MemoryBytes, node.Allocatable.MemoryBytes),
        "ephemeral-storage" => (node.Requested.EphemeralStorageBytes + pod.Requests.EphemeralStorageBytes, node.Allocatable.EphemeralStorageBytes),

        // What the pod does not ask for says nothing about where it should be.
        _ when pod.Requests.Extended.GetValueOrDefault(name) is var asked and > 0 =>
            (node.Requested.Extended.GetValueOrDefault(name) + asked, node.Allocatable.Extended.GetValueOrDefault(name)),
        _ => (0, 0),
    };

    private static long Along(IReadOnlyList<(long Utilization, long Score)> shape, long utilization)
    {
        const long Scale = 10;
        for (var i = 0; i < shape.Count; i++)
        {
            if (utilization <= shape[i].Utilization)
            {
                if (i == 0)
                {
                    return shape[0].Score * Scale;
                }

                var (x0, y0) = shape[i - 1];
                var (x1, y1) = shape[i];
                return (y0 * Scale) + (((y1 - y0) * Scale) * (utilization - x0) / (x1 - x0));
            }
        }

        return shape[^1].Score * Scale;
    }
}
