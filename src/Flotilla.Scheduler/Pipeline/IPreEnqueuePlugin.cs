using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Keeps a pod out of the queue while it is not ready to be scheduled at all.</summary>
public interface IPreEnqueuePlugin : IPlugin
{
    Verdict PreEnqueue(PodInfo pod, ClusterSnapshot cluster);
}
