using Flotilla.Scheduler.Preemption;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Called when no node fits: may make room.</summary>
public interface IPostFilterPlugin : IPlugin
{
    PostFilterResult PostFilter(SchedulingCycle cycle, Diagnosis why, Placer placer);
}

/// <param name="Message">Why nothing can be done; joined with what the other plugins say.</param>
/// <param name="Plan">Room that can be made; ends the search for more.</param>
/// <param name="IsError">The plugin could not work; the others are not asked.</param>
public readonly record struct PostFilterResult(string? Message, PreemptionPlan? Plan = null, bool IsError = false)
{
    /// <summary>Something to be written to the cluster, outside of the scheduler's lock.</summary>
    public Func<CancellationToken, Task>? Work { get; init; }
}
