using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.Jobs;

/// <summary>One look at one job: whether it ends, and what it needs if it does not.</summary>
internal sealed class JobWork(V1Job job, IReadOnlyCollection<V1Pod> pods, DateTime now)
{
    private readonly JobTally tally = new(job, pods);
    private readonly List<V1JobCondition> conditions = [.. job.Status?.Conditions ?? []];
    private DateTime? started = job.Status?.StartTime ?? (job.Spec.Suspend == true ? null : now);

    private TimeSpan? UntilDeadline =>
        job.Spec.ActiveDeadlineSeconds is { } seconds && started is { } start && job.Spec.Suspend != true ? start.AddSeconds(seconds) - now : null;

    /// <summary>How the job ended; null: it goes on. Once said it stays said.</summary>
    public V1JobCondition? Outcome() =>
        JobConditions.Find(job.Status, JobConditions.SuccessCriteriaMet)
        ?? JobConditions.Find(job.Status, JobConditions.FailureTarget)
        ?? Failure()
        ?? Success();

    /// <summary>First the intention, then, when every pod has ended and is counted, the end.</summary>
    public JobPlan Finish(V1JobCondition outcome)
    {
        if (!conditions.Exists(condition => condition.Type == outcome.Type))
        {
            conditions.Add(outcome);
        }

        var isSuccess = outcome.Type == JobConditions.SuccessCriteriaMet;
        var (count, released) = Settle(pods.Where(pod => pod.IsTracked()), hasFailed: pod => !isSuccess || JobPods.HasFailed(job, pod));
        var hasEnded = count.IsSettled && tally.Active.Count == 0 && tally.Terminating == 0;
        if (hasEnded)
        {
            conditions.Add(JobConditions.New(isSuccess ? JobConditions.Complete : JobConditions.Failed, outcome.Reason, outcome.Message, now));
        }

        var status = Status(count, tally.Active) with { CompletionTime = hasEnded && isSuccess ? now : null };
        return new JobPlan(status, [], tally.Active, [], released, null);
    }

    public JobPlan Suspend()
    {
        SetSuspended(true);
        var (count, released) = Settle();
        return new JobPlan(Status(count, tally.Active) with { StartTime = null }, [], [], tally.Active, released, null);
    }

    public JobPlan Continue()
    {
        SetSuspended(false);
        var (count, released) = Settle();
        var scale = JobScale.For(job, tally, now);
        return new JobPlan(Status(count, scale.Dismiss), scale.Create, [], scale.Dismiss, released, Earliest(scale.Wait, UntilDeadline));
    }

    private V1JobCondition? Failure()
    {
        var broken = tally.Failed.Select(pod => FailurePolicy.Judge(job.Spec.PodFailurePolicy, pod).Message).FirstOrDefault(message => message is not null);
        var (reason, message) =
            broken is not null ? ("PodFailurePolicy", broken)
            : tally.Failures > (job.Spec.BackoffLimit ?? 6) || HasRestartedTooOften() ? ("BackoffLimitExceeded", "Job has reached the specified backoff limit")
            : UntilDeadline <= TimeSpan.Zero ? ("DeadlineExceeded", "Job was active longer than specified deadline")
            : tally.FailedIndexes?.Count > job.Spec.MaxFailedIndexes
                ? ("MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
            : tally.FailedIndexes?.Count > 0 && tally.FailedIndexes.Count + tally.Successes >= job.Spec.Completions ? ("FailedIndexes", "Job has failed indexes")
            : ("", "");
        return reason.Length == 0 ? null : JobConditions.New(JobConditions.FailureTarget, reason, message, now);
    }

    private V1JobCondition? Success()
    {
        if (tally.Completed is not null && SuccessPolicy.Met(job.Spec.SuccessPolicy, tally.Completed) is { } rule)
        {
            return JobConditions.New(JobConditions.SuccessCriteriaMet, "SuccessPolicy", rule, now);
        }

        var isComplete = job.Spec.Completions is { } completions
            ? tally.Successes >= completions
            : tally.Successes > 0 && tally.Active.Count == 0;
        return isComplete
            ? JobConditions.New(JobConditions.SuccessCriteriaMet, "CompletionsReached", "Reached expected number of succeeded pods", now)
            : null;
    }

    /// <summary>Containers that are restarted in their place leave no failed pods behind.</summary>
    private bool HasRestartedTooOften()
    {
        if (job.Spec.Template.Spec?.RestartPolicy != "OnFailure")
        {
            return false;
        }

        var restarts = pods.Where(pod => pod.Status?.Phase is "Running" or "Pending").Sum(pod => pod.Restarts());
        var limit = job.Spec.BackoffLimit ?? 6;
        return limit == 0 ? restarts > 0 : restarts >= limit;
    }

    private void SetSuspended(bool suspended)
    {
        var at = conditions.FindIndex(condition => condition.Type == JobConditions.Suspended);
        if (suspended == (at >= 0 && conditions[at].Status == "True"))
        {
            return;
        }

        var condition = suspended
            ? JobConditions.New(JobConditions.Suspended, "JobSuspended", "Job suspended", now)
            : JobConditions.New(JobConditions.Suspended, "JobResumed", "Job resumed", now, "False");
        if (at >= 0)
        {
            conditions[at] = condition;
        }
        else
        {
            conditions.Add(condition);
        }

        // The deadline is about being active without a break.
        started = suspended ? started : now;
    }

    private (JobCount Count, List<V1Pod> Released) Settle() => Settle(
        pods.Where(pod => pod.IsTracked() && !tally.IsHeld(pod) && (pod.HasSucceeded() || JobPods.HasFailed(job, pod))),
        hasFailed: pod => JobPods.HasFailed(job, pod));

    /// <summary>Notes pods that ended; when that is written they may lose their finalizer.</summary>
    private (JobCount Count, List<V1Pod> Released) Settle(IEnumerable<V1Pod> ended, Func<V1Pod, bool> hasFailed)
    {
        var (count, released) = (tally.Count, new List<V1Pod>());
        foreach (var pod in ended)
        {
            if (count.IsFull && !count.IsUncounted(pod))
            {
                break;
            }

            released.Add(pod);
            if (!tally.IsFresh(job, pod))
            {
                continue;
            }

            if (pod.HasSucceeded())
            {
                // An index that succeeded is noted itself.
                count = tally.Completed is null ? count.WithSucceeded(pod) : count;
            }
            else if (hasFailed(pod) && FailurePolicy.Judge(job.Spec.PodFailurePolicy, pod).Counts)
            {
                count = count.WithFailed(pod);
            }
        }

        return (count, released);
    }

    /// <param name="going">Active pods that are about to be deleted.</param>
    private V1JobStatus Status(JobCount count, IReadOnlyCollection<V1Pod> going)
    {
        var staying = tally.Active.Except(going).ToList();
        return new V1JobStatus
        {
            Active = OrNull(staying.Count),
            Ready = staying.Count(pod => pod.IsReady()),
            Terminating = tally.Terminating + going.Count,
            Succeeded = OrNull(tally.Completed?.Count ?? count.Succeeded),
            Failed = OrNull(count.Failed),
            CompletedIndexes = tally.Completed is null ? null : CompletedIndexes.Format(tally.Completed),
            FailedIndexes = tally.FailedIndexes is null ? null : CompletedIndexes.Format(tally.FailedIndexes) ?? "",
            StartTime = started,
            CompletionTime = job.Status?.CompletionTime,
            Conditions = conditions.Count == 0 ? null : conditions,
            UncountedTerminatedPods = count.ToStatus(),
        };
    }

    private static int? OrNull(int number) => number == 0 ? null : number;

    private static TimeSpan? Earliest(TimeSpan? left, TimeSpan? right) => left is null || right < left ? right : left;
}
