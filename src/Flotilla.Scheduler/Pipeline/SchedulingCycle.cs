using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>
/// One attempt to place one pod: what the plugins work on, and where each leaves notes for its later extension points.
/// Everything up to Permit runs under the scheduler's lock; PreBind and Bind run outside of it and must not look at the cluster.
/// </summary>
public sealed class SchedulingCycle(PodInfo pod, ClusterSnapshot cluster)
{
    private Dictionary<Type, object>? notes;

    public PodInfo Pod => pod;

    public ClusterSnapshot Cluster => cluster;

    /// <summary>The note of this type, or null when nobody left one.</summary>
    public T? Get<T>()
        where T : class => notes is not null && notes.TryGetValue(typeof(T), out var note) ? (T)note : null;

    public void Set<T>(T note)
        where T : class => (notes ??= [])[typeof(T)] = note;
}
