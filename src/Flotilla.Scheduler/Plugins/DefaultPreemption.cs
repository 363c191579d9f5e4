using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Preemption;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Makes room for a pod by evicting less important ones.</summary>
/// <param name="limits">How many of the nodes that come into question are tried out.</param>
public sealed class DefaultPreemption(PreemptionLimits? limits = null) : IPostFilterPlugin
{
    private readonly PreemptionSearch search = new(limits ?? new PreemptionLimits());

    public string Name => "DefaultPreemption";

    public PostFilterResult PostFilter(SchedulingCycle cycle, Diagnosis why, Placer placer)
    {
        var (plan, message) = search.Find(cycle, why, placer);
        return new PostFilterResult(message is null ? null : $"preemption: {message}", plan);
    }
}
