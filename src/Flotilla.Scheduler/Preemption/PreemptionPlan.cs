using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Preemption;

/// <summary>Which pods to evict from which node so that a pod fits there.</summary>
/// <param name="Victims">The most important first; never empty.</param>
/// <param name="Violations">How many of them a disruption budget protects.</param>
public sealed record PreemptionPlan(string NodeName, IReadOnlyList<PodInfo> Victims, int Violations = 0)
{
    /// <summary>Others that waited for room on that node and lose their nomination.</summary>
    public IReadOnlyList<PodInfo> Displaced { get; init; } = [];

    /// <summary>Which of two pods is to be spared: the higher priority, then the longer running.</summary>
    public static int ByImportance(PodInfo x, PodInfo y)
    {
        var byPriority = y.Priority.CompareTo(x.Priority);
        return byPriority != 0 ? byPriority : Started(x).CompareTo(Started(y));
    }

    /// <summary>Fewer broken budgets, then the less important victims, then fewer, then those that have run for less time.</summary>
    public bool Beats(PreemptionPlan other) => Rank().CompareTo(other.Rank()) < 0;

    private static DateTime Started(PodInfo pod) => pod.Pod.Status?.StartTime ?? DateTime.MaxValue;

    private (int Violations, int Highest, long Sum, int Count, long Youth) Rank()
    {
        var highest = Victims[0].Priority;
        return (
            Violations,
            highest,
            Victims.Sum(victim => victim.Priority + (1L + int.MaxValue)),
            Victims.Count,
            -Victims.Where(victim => victim.Priority == highest).Min(Started).Ticks);
    }
}
