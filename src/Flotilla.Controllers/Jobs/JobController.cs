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

    public JobController(ControllerContext context)
        : base(context, "job-controller", workers: 5)
    {
        expectations = new Expectations(context.Time);
        jobs = WatchAndEnqueue<V1Job>();
        writes = new RecentWrites<V1Job>(jobs, context.Time);
        pods = Watch<V1Pod>();
        pods.AddOwnerIndexes();
        pods.Subscribe(PodChanged);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var mayScale = expectations.AreMet(key);
        await ReleaseAsync(OfDeletedJob(key), cancellationToken);
        if (jobs.Get(key) is not { } cached)
        {
            expectations.Forget(key);
            return;
        }

        var job = writes.Newest(cached);
        if (job.IsDeleting())
        {
            // Nothing is counted any more; pods are the garbage collector's.
            await ReleaseAsync(pods.ControlledBy(job).Where(pod => pod.IsTracked()), cancellationToken);
            return;
        }

        var owned = pods.ControlledBy(job);
        if (JobConditions.IsFinished(job.Status))
        {
            await ReleaseAsync(owned.Where(pod => pod.IsTracked()), cancellationToken);
            return;
        }

        var plan = JobPlan.For(job, owned, Now);
        var failure = mayScale && plan.Create.Count + plan.Delete.Count > 0 ? await ScaleAsync(job, plan, cancellationToken) : null;
        await UpdateStatusAsync(job, plan.Status, cancellationToken);
        await ReleaseAsync(plan.Release, cancellationToken);
        if (failure is not null)
        {
            throw failure;
        }

        if (plan.LookAgain is { } wait)
        {
            Queue.AddAfter(key, wait);
        }
    }

    private async Task<Exception?> ScaleAsync(V1Job job, JobPlan plan, CancellationToken cancellationToken)
    {
        var key = job.Key();
        expectations.Expect(key, plan.Create.Count, plan.Delete.Select(pod => pod.Metadata.Uid));
        foreach (var pod in plan.Delete)
        {
            await DeleteAsync(job, pod, cancellationToken);
        }

        var indexes = new Queue<int?>(plan.Create);
        var (created, failure) = await SlowStart.RunAsync(plan.Create.Count, () => CreateAsync(job, Next(indexes), cancellationToken));
        expectations.CreationSeen(key, plan.Create.Count - created);
        return failure is ApiException ending && ending.IsNamespaceEnding() ? null : failure;
    }

    private static int? Next(Queue<int?> indexes)
    {
        lock (indexes)
        {
            return indexes.Dequeue();
        }
    }

    private async Task CreateAsync(V1Job job, int? index, CancellationToken cancellationToken)
    {
        try
        {
            var pod = await Client.CreateAsync(JobPods.New(job, index), cancellationToken);
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
            var finalizers = pod.Metadata.Finalizers.Where(finalizer => finalizer != JobPods.TrackingFinalizer);
            var patch = JsonSerializer.SerializeToUtf8Bytes(
                new { metadata = new { uid = pod.Metadata.Uid, resourceVersion = pod.Metadata.ResourceVersion, finalizers } });
            try
            {
                await Client.PatchAsync<V1Pod>(pod.Key(), new Patch(PatchKind.Merge, patch), null, cancellationToken);
            }
            catch (ApiException gone) when (gone.IsNotFound)
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
        if (change.Latest.Controller() is not { Kind: "Job" } owner)
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

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Pod {Pod} was gone already")]
        public static partial void AlreadyGone(ILogger logger, ObjectKey pod);
    }
}
