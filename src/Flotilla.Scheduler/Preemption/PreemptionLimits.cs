namespace Flotilla.Scheduler.Preemption;

/// <summary>How many candidates are enough to choose from.</summary>
public sealed record PreemptionLimits(int MinCandidateNodesPercentage = 10, int MinCandidateNodesAbsolute = 100)
{
    public int For(int nodes) => Math.Min(nodes, Math.Max(MinCandidateNodesAbsolute, nodes * MinCandidateNodesPercentage / 100));
}
