using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>
/// How many of a job's pods have ended, kept so that each is counted once whatever happens in between. A pod that
/// ended goes through three states: noted as uncounted in the status; its finalizer removed; counted.
/// </summary>
internal sealed record JobCount(int Succeeded, int Failed, IReadOnlySet<string> UncountedSucceeded, IReadOnlySet<string> UncountedFailed)
{
    // The status must not grow without bounds: the rest is noted next time.
    private const int MaximumUncounted = 500;

    public int AllSucceeded => Succeeded + UncountedSucceeded.Count;

    public int AllFailed => Failed + UncountedFailed.Count;

    public bool IsSettled => UncountedSucceeded.Count == 0 && UncountedFailed.Count == 0;

    public bool IsFull => UncountedSucceeded.Count + UncountedFailed.Count >= MaximumUncounted;

    /// <summary>As the status says, with those counted that have lost their finalizer.</summary>
    public static JobCount For(V1JobStatus? status, IEnumerable<V1Pod> pods)
    {
        var held = pods.Where(pod => pod.IsTracked()).Select(pod => pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        var succeeded = (status?.UncountedTerminatedPods?.Succeeded ?? []).ToHashSet(StringComparer.Ordinal);
        var failed = (status?.UncountedTerminatedPods?.Failed ?? []).ToHashSet(StringComparer.Ordinal);
        var newlySucceeded = (status?.Succeeded ?? 0) + succeeded.RemoveWhere(uid => !held.Contains(uid));
        var newlyFailed = (status?.Failed ?? 0) + failed.RemoveWhere(uid => !held.Contains(uid));
        return new JobCount(newlySucceeded, newlyFailed, succeeded, failed);
    }

    public JobCount WithSucceeded(V1Pod pod) =>
        this with { UncountedSucceeded = UncountedSucceeded.Append(pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal) };

    public JobCount WithFailed(V1Pod pod) =>
        this with { UncountedFailed = UncountedFailed.Append(pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal) };

    public bool IsUncounted(V1Pod pod) => UncountedSucceeded.Contains(pod.Metadata.Uid) || UncountedFailed.Contains(pod.Metadata.Uid);

    public V1UncountedTerminatedPods ToStatus() => new()
    {
        Succeeded = UncountedSucceeded.Count == 0 ? null : [.. UncountedSucceeded.Order(StringComparer.Ordinal)],
        Failed = UncountedFailed.Count == 0 ? null : [.. UncountedFailed.Order(StringComparer.Ordinal)],
    };
}
