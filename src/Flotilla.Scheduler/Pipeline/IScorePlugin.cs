using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>A preference among the nodes that fit: upstream's PreScore, Score and NormalizeScore in one call for all nodes.</summary>
public interface IScorePlugin : IPlugin
{
    /// <summary>What the scores are multiplied with, unless the configuration says otherwise.</summary>
    int Weight { get; }

    /// <summary>Fills <paramref name="scores"/> (0..100, parallel to <paramref name="nodes"/>, zero before); false when it has no preference.</summary>
    bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores);
}
