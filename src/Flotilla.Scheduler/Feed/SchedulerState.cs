using Flotilla.Api;
using Flotilla.Scheduler.Metrics;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Queue;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Feed;

/// <summary>
/// What the feed and the scheduling loop share. Whoever holds <see cref="Gate"/> may touch everything but the queue,
/// which guards itself; a decision is made and its outcome parked or assumed under one hold, so no change slips between.
/// </summary>
/// <param name="pluginsOf">The rules for a <c>schedulerName</c>; null when it is somebody else's.</param>
public sealed class SchedulerState(TimeProvider time, SchedulerOptions options, SchedulerMetrics metrics, Func<string, PluginSet?> pluginsOf)
{
    public Lock Gate { get; } = new();

    public ClusterSnapshot Cluster { get; } = new();

    public SchedulerMetrics Metrics => metrics;

    public SchedulingQueue Queue { get; } = new(time, options.PodInitialBackoff, options.PodMaxBackoff, metrics);

    /// <summary>Placed in the snapshot, binding not confirmed by the cluster yet.</summary>
    public Dictionary<ObjectKey, PodInfo> Assumed { get; } = [];

    public PluginSet? PluginsOf(PodInfo pod) => pluginsOf(pod.SchedulerName);

    /// <summary>Asks the plugins again that keep pods out of the queue.</summary>
    public void ReviewGated()
    {
        foreach (var pod in Queue.Gated())
        {
            Queue.Set(pod, retry: false, GatesOf(pod));
        }
    }

    /// <summary>The plugins that keep a pod out of the queue now.</summary>
    public IReadOnlyList<IPlugin> GatesOf(PodInfo pod)
    {
        lock (Gate)
        {
            return [.. (PluginsOf(pod)?.PreEnqueue ?? []).Where(plugin => !plugin.PreEnqueue(pod, Cluster).IsFit)];
        }
    }

    /// <summary>Takes back the promise of a node, unless the cluster has settled the pod's fate in the meantime.</summary>
    public void Forget(PodInfo pod)
    {
        if (Assumed.TryGetValue(pod.Key, out var assumed) && assumed.Uid == pod.Uid)
        {
            Assumed.Remove(pod.Key);
            Cluster.Remove(pod.Key);
        }
    }
}
