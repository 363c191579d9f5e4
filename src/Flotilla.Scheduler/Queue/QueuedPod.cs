using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Queue;

/// <summary>A pod on its way to a node. Guarded by the queue it came from.</summary>
public sealed class QueuedPod(PodInfo pod, long sequence)
{
    /// <summary>The newest version known.</summary>
    public PodInfo Pod { get; internal set; } = pod;

    /// <summary>Order of arrival.</summary>
    public long Sequence => sequence;

    public int Attempts { get; internal set; }

    internal DateTimeOffset LastAttempt { get; set; }

    /// <summary>When a waiting pod is looked at again.</summary>
    internal DateTimeOffset Due { get; set; }

    internal ClusterChange WaitsFor { get; set; }

    internal IReadOnlyCollection<IPlugin> RejectedBy { get; set; } = [];

    internal bool IsPending { get; set; }

    internal QueueState State { get; set; }
}

internal enum QueueState
{
    /// <summary>Taken: being decided or bound.</summary>
    Taken,
    Ready,
    Waiting,

    /// <summary>A plugin keeps it out of the queue.</summary>
    Gated,
}
