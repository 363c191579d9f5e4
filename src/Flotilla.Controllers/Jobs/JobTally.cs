using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>A job's pods sorted by how they stand, and what their indexes add up to.</summary>
internal sealed class JobTally
{
    public JobTally(V1Job job, IReadOnlyCollection<V1Pod> pods)
    {
        Count = JobCount.For(job.Status, pods);
        Active = [.. pods.Where(pod => pod.IsActive())];
        Terminating = pods.Count(pod => pod.IsTerminating());
        Succeeded = [.. pods.Where(pod => pod.HasSucceeded())];
        Failed = [.. pods.Where(pod => JobPods.HasFailed(job, pod))];
        if (JobPods.IsIndexed(job))
        {
            Completed = CompletedIndexes.For(job, Succeeded);
            ActiveIndexes = Active.Select(JobPods.IndexOf).OfType<int>().ToHashSet();
            LeavingIndexes = pods.Where(pod => pod.IsTerminating()).Select(JobPods.IndexOf).OfType<int>().ToHashSet();
        }

        var fresh = Failed.Where(pod => IsFresh(job, pod)).ToList();
        Failures = Count.AllFailed + fresh.Count(pod => FailurePolicy.Judge(job.Spec.PodFailurePolicy, pod).Counts);
        if (job.Spec.BackoffLimitPerIndex is not null && Completed is not null)
        {
            FailedIndexes = IndexFailures.Failed(job, Failed);
            Held = IndexFailures.Held(Failed.Where(pod => pod.IsTracked()), new HashSet<int>([.. Completed, .. FailedIndexes, .. ActiveIndexes]));
        }
    }

    public JobCount Count { get; }

    public IReadOnlyList<V1Pod> Active { get; }

    /// <summary>Pods on their way out.</summary>
    public int Terminating { get; }

    public IReadOnlyList<V1Pod> Succeeded { get; }

    public IReadOnlyList<V1Pod> Failed { get; }

    /// <summary>How many failures count against the limit.</summary>
    public int Failures { get; }

    /// <summary>null: not an indexed job.</summary>
    public SortedSet<int>? Completed { get; }

    public IReadOnlySet<int> ActiveIndexes { get; } = new HashSet<int>();

    /// <summary>Of pods on their way out.</summary>
    public IReadOnlySet<int> LeavingIndexes { get; } = new HashSet<int>();

    /// <summary>null: failures do not count per index.</summary>
    public SortedSet<int>? FailedIndexes { get; }

    /// <summary>Failed pods that wait for the one that replaces them.</summary>
    public IReadOnlyDictionary<int, V1Pod> Held { get; } = new Dictionary<int, V1Pod>();

    public int Successes => Completed?.Count ?? Count.AllSucceeded + Succeeded.Count(pod => pod.IsTracked() && !Count.IsUncounted(pod));

    public bool IsHeld(V1Pod pod) => JobPods.IndexOf(pod) is { } index && Held.TryGetValue(index, out var held) && held.Metadata.Uid == pod.Metadata.Uid;

    /// <summary>Not counted anywhere yet.</summary>
    public bool IsFresh(V1Job job, V1Pod pod) => pod.IsTracked() && !Count.IsUncounted(pod) && JobPods.HasValidIndex(job, pod);
}
