using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>A pod to make.</summary>
/// <param name="Index">Of an indexed job; otherwise null.</param>
/// <param name="Replaced">The pod of the index that failed last, if failures count per index.</param>
internal readonly record struct NewPod(int? Index, V1Pod? Replaced = null);

/// <summary>What a job needs next.</summary>
/// <param name="Delete">Running pods of a job that ends: they are counted first.</param>
/// <param name="Dismiss">Running pods that are not wanted any more: they are let go, and count for nothing.</param>
/// <param name="Release">Pods that have been counted once the status is written.</param>
/// <param name="LookAgain">When time alone may change the answer.</param>
internal sealed record JobPlan(
    V1JobStatus Status,
    IReadOnlyList<NewPod> Create,
    IReadOnlyList<V1Pod> Delete,
    IReadOnlyList<V1Pod> Dismiss,
    IReadOnlyList<V1Pod> Release,
    TimeSpan? LookAgain)
{
    public static JobPlan For(V1Job job, IReadOnlyCollection<V1Pod> pods, DateTime now)
    {
        var work = new JobWork(job, pods, now);
        if (work.Outcome() is { } outcome)
        {
            return work.Finish(outcome);
        }

        return job.Spec.Suspend == true ? work.Suspend() : work.Continue();
    }
}
