using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>A stateless preference among the nodes that fit.</summary>
public interface IScorePlugin
{
    string Name { get; }

    int Weight { get; }

    /// <summary>Fills <paramref name="scores"/> (0..100, parallel to <paramref name="nodes"/>); false when it has no preference.</summary>
    bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores);
}
