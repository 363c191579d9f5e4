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

    /// <summary>When it could first be tried.</summary>
    internal DateTimeOffset? FirstReady { get; set; }

    internal DateTimeOffset LastAttempt { get; set; }

    /// <summary>When a waiting pod is looked at again.</summary>
    internal DateTimeOffset Due { get; set; }

    internal ClusterChange WaitsFor { get; set; }

    internal IReadOnlyCollection<IPlugin> RejectedBy { get; set; } = [];

    internal bool IsPending { get; set; }

    /// <summary>It waits for nothing but the time to pass.</summary>
    internal bool IsInBackoff { get; set; }

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
