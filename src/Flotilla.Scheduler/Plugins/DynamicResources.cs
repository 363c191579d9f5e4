using Flotilla.Scheduler.Pipeline;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Allocates devices to the pod's resource claims.</summary>
public sealed class DynamicResources : IPreFilterPlugin, IPostFilterPlugin
{
    public string Name => "DynamicResources";

    public PreFilterResult PreFilter(SchedulingCycle cycle)
    {
        cycle.Set(new Note());
        return PreFilterResult.AllNodes;
    }

    /// <summary>A pod that was rejected before its claims were looked at is upstream's "not found": so say clients' expectations.</summary>
    public PostFilterResult PostFilter(SchedulingCycle cycle, Diagnosis why, Placer placer) =>
        cycle.Get<Note>() is null ? new PostFilterResult("not found", IsError: true) : new PostFilterResult("no new claims to deallocate");

    private sealed record Note;
}
