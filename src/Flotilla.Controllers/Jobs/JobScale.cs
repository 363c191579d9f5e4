using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>Which pods a running job lacks, and which it has too many.</summary>
/// <param name="Wait">Until failures have been sat out; null: nothing is waited for.</param>
internal sealed record JobScale(IReadOnlyList<NewPod> Create, IReadOnlyList<V1Pod> Dismiss, TimeSpan? Wait)
{
    private const int MaximumAtOnce = 500;

    private static readonly JobScale Nothing = new([], [], null);

    public static JobScale For(V1Job job, JobTally tally, DateTime now)
    {
        var wanted = Wanted(job, tally);
        var surplus = Surplus(job, tally, Math.Max(0, tally.Active.Count - wanted), now);
        if (surplus.Count > 0)
        {
            return new JobScale([], [.. surplus.Take(MaximumAtOnce)], null);
        }

        var leaving = JobPods.WaitsForTheEnd(job) ? tally.Terminating : 0;
        var missing = Math.Min(wanted - leaving - tally.Active.Count, MaximumAtOnce);
        if (missing <= 0)
        {
            return Nothing;
        }

        if (tally.FailedIndexes is not null)
        {
            return PerIndex(job, tally, missing, now);
        }

        var wait = JobBackoff.AfterAll(tally.Succeeded, tally.Failed, now);
        return wait > TimeSpan.Zero ? new JobScale([], [], wait)
            : tally.Completed is null ? new JobScale([.. Enumerable.Repeat(default(NewPod), missing)], [], null)
            : new JobScale([.. Pending(job, tally).Take(missing).Select(index => new NewPod(index))], [], null);
    }

    private static int Wanted(V1Job job, JobTally tally)
    {
        var parallelism = job.Spec.Parallelism ?? 1;
        return job.Spec.Completions is { } completions
            ? Math.Clamp(completions - tally.Successes, 0, parallelism)
            : tally.Successes > 0 ? tally.Active.Count : parallelism;
    }

    /// <summary>Pods of indexes that are out of range or taken twice go in any case.</summary>
    private static List<V1Pod> Surplus(V1Job job, JobTally tally, int number, DateTime now)
    {
        var going = new List<V1Pod>();
        if (tally.Completed is not null)
        {
            foreach (var same in tally.Active.GroupBy(JobPods.IndexOf))
            {
                var surplus = same.Key < job.Spec.Completions ? same.Count() - 1 : same.Count();
                going.AddRange(DeletionOrder.FirstToDelete(same, surplus, same, now));
            }
        }

        var left = tally.Active.Except(going).ToList();
        return [.. going, .. DeletionOrder.FirstToDelete(left, Math.Max(0, number - going.Count), left, now)];
    }

    private static JobScale PerIndex(V1Job job, JobTally tally, int missing, DateTime now)
    {
        var tries = Pending(job, tally)
            .Take(missing)
            .Select(index => (Pod: new NewPod(index, tally.Held.GetValueOrDefault(index)), Wait: JobBackoff.AfterIndex(tally.Held.GetValueOrDefault(index), now)))
            .ToList();
        TimeSpan? wait = tries.Exists(one => one.Wait > TimeSpan.Zero) ? tries.Where(one => one.Wait > TimeSpan.Zero).Min(one => one.Wait) : null;
        return new JobScale([.. tries.Where(one => one.Wait <= TimeSpan.Zero).Select(one => one.Pod)], [], wait);
    }

    private static IEnumerable<int> Pending(V1Job job, JobTally tally)
    {
        // An index whose pod is still on its way out may be taken over, unless its end is waited for.
        var leaving = JobPods.WaitsForTheEnd(job) ? tally.LeavingIndexes : new HashSet<int>();
        return Enumerable.Range(0, job.Spec.Completions ?? 0).Where(index =>
            !tally.ActiveIndexes.Contains(index)
            && !tally.Completed!.Contains(index)
            && tally.FailedIndexes?.Contains(index) != true
            && !leaving.Contains(index));
    }
}
