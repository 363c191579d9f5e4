using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers.Jobs;

/// <summary>Runs each Job's pods until enough of them succeeded or too many failed.</summary>
internal sealed partial class JobController : Controller
{
    private readonly Informer<V1Job> jobs;
    private readonly Informer<V1Pod> pods;
    private readonly Expectations expectations;

    // A pod shows that it was counted before the job does: without its own writes this would count it out again.
    private readonly RecentWrites<V1Job> writes;

    // Nor may a pod that was let go be taken for one that is still held, and failed.
    private readonly RecentWrites<V1Pod> released;

    public JobController(ControllerContext context)
        : base(context, "job-controller", workers: 5)
    {
        expectations = new Expectations(context.Time);
        jobs = WatchAndEnqueue<V1Job>();
        writes = new RecentWrites<V1Job>(jobs, context.Time);
        pods = Watch<V1Pod>();
        pods.AddOwnerIndexes();
        released = new RecentWrites<V1Pod>(pods, context.Time);
        pods.Subscribe(PodChanged);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var mayAct = expectations.AreMet(key);
        await ReleaseAsync(OfDeletedJob(key), cancellationToken);
        if (jobs.Get(key) is not { } cached)
        {
            expectations.Forget(key);
            return;
        }

        var job = writes.Newest(cached);
        if (job.Spec.ManagedBy is not (null or "kubernetes.io/job-controller"))
        {
            return; // Somebody else's.
        }

        if (job.IsDeleting() || JobConditions.IsFinished(job.Status))
        {
            // Nothing is counted any more; pods of a deleted job are the garbage collector's.
            await ReleaseAsync(pods.ControlledBy(job).Where(pod => pod.IsTracked()), cancellationToken);
            return;
        }

        if (!mayAct)
        {
            // What it did last cannot be seen yet: its pods would come too late into the count.
            Queue.AddAfter(key, Expectations.Lifetime);
            return;
        }

        var owned = await ClaimAsync(job, cancellationToken);
        await ApplyAsync(job, JobPlan.For(job, owned, Now), cancellationToken);
    }

    private async Task<List<V1Pod>> ClaimAsync(V1Job job, CancellationToken cancellationToken)
    {
        var orphans = pods.ByIndex(Owners.Orphans, job.Metadata.NamespaceProperty);
        var controlled = pods.ControlledBy(job).Select(released.Newest);
        var claims = Claims<V1Pod>.For(job, job.Spec.Selector, controlled, orphans);
        return await claims.ApplyAsync(Client, job, cancellationToken, JobPods.TrackingFinalizer);
    }

    private async Task ApplyAsync(V1Job job, JobPlan plan, CancellationToken cancellationToken)
    {
        var (created, failure) = await ScaleAsync(job, plan, cancellationToken);
        var active = (plan.Status.Active ?? 0) + created;
        await UpdateStatusAsync(job, plan.Status with { Active = active == 0 ? null : active }, cancellationToken);
        await ReleaseAsync(plan.Release, cancellationToken);
        if (failure is not null)
        {
            throw failure;
        }

        if (plan.LookAgain is { } wait)
        {
            Queue.AddAfter(job.Key(), wait);
        }
    }

    private async Task<(int Created, Exception? Failure)> ScaleAsync(V1Job job, JobPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Create.Count + plan.Delete.Count + plan.Dismiss.Count == 0)
        {
            return (0, null);
        }

        var key = job.Key();
        expectations.Expect(key, plan.Create.Count, plan.Delete.Concat(plan.Dismiss).Select(pod => pod.Metadata.Uid));
        await ReleaseAsync(plan.Dismiss.Where(pod => pod.IsTracked()), cancellationToken);
        foreach (var pod in plan.Delete.Concat(plan.Dismiss))
        {
            await DeleteAsync(job, pod, cancellationToken);
        }

        var wanted = new Queue<NewPod>(plan.Create);
        var (created, failure) = await SlowStart.RunAsync(plan.Create.Count, () => CreateAsync(job, Next(wanted), cancellationToken));
        expectations.CreationSeen(key, plan.Create.Count - created);
        return (created, failure is ApiException ending && ending.IsNamespaceEnding() ? null : failure);
    }

    private static NewPod Next(Queue<NewPod> wanted)
    {
        lock (wanted)
        {
            return wanted.Dequeue();
        }
    }

    private async Task CreateAsync(V1Job job, NewPod wanted, CancellationToken cancellationToken)
    {
        try
        {
            var pod = await Client.CreateAsync(JobPods.New(job, wanted), cancellationToken);
            Events.Record(job, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
        }
        catch (ApiException refused) when (!refused.IsNamespaceEnding())
        {
            Events.Record(job, "Warning", "FailedCreate", $"Error creating: {refused.Message}");
            throw;
        }
    }

    private async Task DeleteAsync(V1Job job, V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            await Client.DeleteAsync<V1Pod>(pod.Key(), null, cancellationToken);
            Events.Record(job, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
        }
        catch (ApiException refused)
        {
            expectations.DeletionSeen(job.Key(), pod.Metadata.Uid);
            if (!refused.IsNotFound)
            {
                Events.Record(job, "Warning", "FailedDelete", $"Error deleting: {refused.Message}");
                throw;
            }
        }
    }

    private async Task UpdateStatusAsync(V1Job job, V1JobStatus status, CancellationToken cancellationToken)
    {
        if (JsonNode.DeepEquals(JsonNode.Parse(ObjectJson.Encode(job.Status)), JsonNode.Parse(ObjectJson.Encode(status))))
        {
            return;
        }

        writes.Wrote(await Client.UpdateStatusAsync(job with { ApiVersion = "batch/v1", Kind = "Job", Status = status }, cancellationToken));
        if (JobConditions.Find(status, JobConditions.Complete) is not null)
        {
            if (status.Succeeded > job.Spec.Completions)
            {
                Events.Record(job, "Warning", "TooManySucceededPods", "Too many succeeded pods running after completion count reached");
            }

            Events.Record(job, "Normal", "Completed", "Job completed");
        }
        else if (JobConditions.Find(status, JobConditions.Failed) is { } failed)
        {
            Events.Record(job, "Warning", failed.Reason, failed.Message);
        }
        else if (status.Conditions?.FirstOrDefault(condition => condition.Type == JobConditions.Suspended) is { } suspended
            && job.Status?.Conditions?.Any(condition => condition.Type == JobConditions.Suspended && condition.Status == suspended.Status) != true)
        {
            Events.Record(job, "Normal", suspended.Status == "True" ? "Suspended" : "Resumed", suspended.Message);
        }
    }

    /// <summary>Lets pods go that have been counted, or that nobody will count.</summary>
    private async Task ReleaseAsync(IEnumerable<V1Pod> counted, CancellationToken cancellationToken)
    {
        foreach (var pod in counted)
        {
            var patch = JsonSerializer.SerializeToUtf8Bytes(new Dictionary<string, object>
            {
                ["metadata"] = new Dictionary<string, object>
                {
                    ["uid"] = pod.Metadata.Uid,
                    ["$deleteFromPrimitiveList/finalizers"] = new[] { JobPods.TrackingFinalizer },
                },
            });
            try
            {
                released.Wrote(await Client.PatchAsync<V1Pod>(pod.Key(), new Patch(PatchKind.StrategicMerge, patch), null, cancellationToken));
            }
            catch (ApiException gone) when (gone.Code is 404 or 409)
            {
                Log.AlreadyGone(Logger, pod.Key());
            }
        }
    }

    private IEnumerable<V1Pod> OfDeletedJob(ObjectKey key) => pods
        .List(key.Namespace ?? "")
        .Where(pod => pod.IsTracked() && pod.Controller() is { Kind: "Job" } owner && owner.Name == key.Name && jobs.Get(key)?.Metadata.Uid != owner.Uid);

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        if (change.Latest.Controller() is not { } owner)
        {
            OrphanChanged(change.Latest);
            return;
        }

        if (owner.Kind != "Job")
        {
            return;
        }

        var key = new ObjectKey(change.Latest.Metadata.NamespaceProperty, owner.Name);
        if (change.Old is null)
        {
            expectations.CreationSeen(key);
        }

        if (change.New is null || change.New.IsDeleting())
        {
            expectations.DeletionSeen(key, change.Latest.Metadata.Uid);
        }

        Queue.Add(key);
    }

    private void OrphanChanged(V1Pod orphan)
    {
        foreach (var job in jobs.List(orphan.Metadata.NamespaceProperty).Where(job => job.Spec.Selector.Matches(orphan.Metadata.Labels)))
        {
            Queue.Add(job.Key());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Pod {Pod} was gone already")]
        public static partial void AlreadyGone(ILogger logger, ObjectKey pod);
    }
}
