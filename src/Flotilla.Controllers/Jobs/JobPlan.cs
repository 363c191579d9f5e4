using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>What a job needs next.</summary>
/// <param name="Create">One entry for each pod to make: its index, or null.</param>
/// <param name="LookAgain">When time alone may change the answer.</param>
internal sealed record JobPlan(
    V1JobStatus Status, IReadOnlyList<int?> Create, IReadOnlyList<V1Pod> Delete, IReadOnlyList<V1Pod> Release, TimeSpan? LookAgain)
{
    public static JobPlan For(V1Job job, IReadOnlyCollection<V1Pod> pods, DateTime now)
    {
        var count = JobCount.For(job.Status, pods);
        var work = new Work(job, pods, count, now);
        if (work.Outcome() is { } outcome)
        {
            return work.Finish(outcome);
        }

        return job.Spec.Suspend == true ? work.Suspend() : work.Continue();
    }

    private sealed class Work(V1Job job, IReadOnlyCollection<V1Pod> pods, JobCount count, DateTime now)
    {
        private readonly List<V1Pod> active = [.. pods.Where(pod => pod.IsActive())];
        private readonly SortedSet<int>? completed = JobPods.IsIndexed(job) ? CompletedIndexes.For(job, pods) : null;
        private readonly List<V1JobCondition> conditions = [.. job.Status?.Conditions ?? []];
        private readonly DateTime? started = job.Status?.StartTime ?? (job.Spec.Suspend == true ? null : now);

        private int Succeeded => completed?.Count ?? count.AllSucceeded;

        private TimeSpan? UntilDeadline =>
            job.Spec.ActiveDeadlineSeconds is { } seconds && started is { } start && job.Spec.Suspend != true ? start.AddSeconds(seconds) - now : null;

        /// <summary>How the job ended; null: it goes on. Once said it stays said.</summary>
        public V1JobCondition? Outcome()
        {
            if (JobConditions.Find(job.Status, JobConditions.FailureTarget) is { } failing)
            {
                return failing;
            }

            if (JobConditions.Find(job.Status, JobConditions.SuccessCriteriaMet) is { } succeeding)
            {
                return succeeding;
            }

            if (ExceedsBackoff())
            {
                return JobConditions.New(JobConditions.FailureTarget, "BackoffLimitExceeded", "Job has reached the specified backoff limit", now);
            }

            if (UntilDeadline <= TimeSpan.Zero)
            {
                return JobConditions.New(JobConditions.FailureTarget, "DeadlineExceeded", "Job was active longer than specified deadline", now);
            }

            return IsComplete()
                ? JobConditions.New(JobConditions.SuccessCriteriaMet, "CompletionsReached", "Reached expected number of succeeded pods", now)
                : null;
        }

        /// <summary>First the intention, then, when every pod has ended and is counted, the end.</summary>
        public JobPlan Finish(V1JobCondition outcome)
        {
            if (!conditions.Exists(condition => condition.Type == outcome.Type))
            {
                conditions.Add(outcome);
            }

            var hasEnded = count.IsSettled && active.Count == 0 && !pods.Any(pod => pod.IsTerminating());
            var isSuccess = outcome.Type == JobConditions.SuccessCriteriaMet;
            if (hasEnded)
            {
                conditions.Add(JobConditions.New(isSuccess ? JobConditions.Complete : JobConditions.Failed, outcome.Reason, outcome.Message, now));
            }

            var status = Status(active.Count) with { CompletionTime = hasEnded && isSuccess ? now : null };
            return new JobPlan(status, [], active, Released(), null);
        }

        public JobPlan Suspend()
        {
            SetSuspended(true);
            return new JobPlan(Status(0) with { StartTime = null }, [], active, Released(), null);
        }

        public JobPlan Continue()
        {
            SetSuspended(false);
            var (create, delete, wait) = Scale();
            return new JobPlan(Status(active.Count), create, delete, Released(), Earliest(wait, UntilDeadline));
        }

        private (IReadOnlyList<int?> Create, IReadOnlyList<V1Pod> Delete, TimeSpan? Wait) Scale()
        {
            var parallelism = job.Spec.Parallelism ?? 1;
            var wanted = job.Spec.Completions is { } completions
                ? Math.Min(parallelism, completions - Succeeded)
                : Succeeded > 0 ? Math.Min(parallelism, active.Count) : parallelism;
            if (active.Count > wanted)
            {
                return ([], DeletionOrder.FirstToDelete(active, active.Count - Math.Max(0, wanted), active, now), null);
            }

            if (active.Count == wanted)
            {
                return ([], [], null);
            }

            // Pods on their way out still hold their place, so that parallelism is never exceeded by much.
            var wait = Backoff();
            return wait > TimeSpan.Zero ? ([], [], wait) : (Missing(wanted - active.Count), [], null);
        }

        private List<int?> Missing(int number)
        {
            if (completed is null)
            {
                return [.. Enumerable.Repeat<int?>(null, number)];
            }

            var taken = active.Select(JobPods.IndexOf).OfType<int>().Concat(completed).ToHashSet();
            return [.. Enumerable.Range(0, job.Spec.Completions ?? 0).Where(index => !taken.Contains(index)).Take(number).Select(index => (int?)index)];
        }

        /// <summary>Ten seconds after a failure, doubled with each one in a row, up to ten minutes.</summary>
        private TimeSpan Backoff()
        {
            var lastSuccess = pods.Where(pod => pod.HasSucceeded()).Max(EndOf);
            var failures = pods.Where(pod => pod.HasFailed() && (lastSuccess is null || EndOf(pod) > lastSuccess)).ToList();
            if (failures.Count == 0 || failures.Max(EndOf) is not { } last)
            {
                return TimeSpan.Zero;
            }

            var delay = Math.Min(600, 10 * Math.Pow(2, failures.Count - 1));
            return last.AddSeconds(delay) - now;
        }

        private static DateTime? EndOf(V1Pod pod) =>
            pod.Status?.ContainerStatuses?.Max(container => container.State?.Terminated?.FinishedAt)
            ?? pod.Metadata.DeletionTimestamp
            ?? pod.Metadata.CreationTimestamp;

        private bool ExceedsBackoff()
        {
            var limit = job.Spec.BackoffLimit ?? 6;
            if (count.AllFailed > limit)
            {
                return true;
            }

            if (job.Spec.Template.Spec?.RestartPolicy != "OnFailure")
            {
                return false;
            }

            var restarts = active.Where(pod => pod.Status?.Phase is "Running" or "Pending").Sum(pod => pod.Restarts());
            return limit == 0 ? restarts > 0 : restarts >= limit;
        }

        private bool IsComplete() => job.Spec.Completions is { } completions
            ? Succeeded >= completions
            : Succeeded > 0 && active.Count == 0;

        private void SetSuspended(bool suspended)
        {
            var old = conditions.Find(condition => condition.Type == JobConditions.Suspended);
            if (suspended ? old?.Status == "True" : old?.Status is null or "False")
            {
                return;
            }

            conditions.RemoveAll(condition => condition.Type == JobConditions.Suspended);
            conditions.Add(suspended
                ? JobConditions.New(JobConditions.Suspended, "JobSuspended", "Job suspended", now)
                : JobConditions.New(JobConditions.Suspended, "JobResumed", "Job resumed", now, "False"));
        }

        private List<V1Pod> Released() => [.. pods.Where(pod => pod.IsTracked() && count.IsUncounted(pod))];

        private V1JobStatus Status(int activeCount) => new()
        {
            Active = OrNull(activeCount),
            Ready = active.Count(pod => pod.IsReady()),
            Terminating = pods.Count(pod => pod.IsTerminating()),
            Succeeded = OrNull(count.Succeeded),
            Failed = OrNull(count.Failed),
            CompletedIndexes = completed is null ? null : CompletedIndexes.Format(completed),
            StartTime = started,
            CompletionTime = job.Status?.CompletionTime,
            Conditions = conditions.Count == 0 ? null : conditions,
            UncountedTerminatedPods = count.ToStatus(),
        };

        private static int? OrNull(int number) => number == 0 ? null : number;

        private static TimeSpan? Earliest(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right : left;
    }
}
