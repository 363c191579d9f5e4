using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>
/// A rule of scheduling. It takes part at the extension points whose interfaces it implements, which are upstream's.
/// Plugins keep nothing of a pod between calls but what they put into its <see cref="SchedulingCycle"/>.
/// </summary>
public interface IPlugin
{
    /// <summary>Upstream's name; what a configuration file and <c>flotilla why</c> call it.</summary>
    string Name { get; }

    /// <summary>Changes after which a pod that this plugin rejected is worth another look.</summary>
    ClusterChange Unblocks => ClusterChange.None;

    /// <summary>The queueing hint: false when this very change cannot help the pod. Asked for each waiting pod: be quick.</summary>
    bool MayHelp(PodInfo pod, ClusterEvent change) => true;
}
