using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Jobs;
using k8s.Models;

namespace Flotilla.Controllers.CronJobs;

/// <summary>One look at one cron job. What it does to jobs it notes in <see cref="Status"/>, to be written at the end.</summary>
internal sealed class CronJobRun(V1CronJob cron, IObjectClient client, EventRecorder events)
{
    private readonly List<V1ObjectReference> active = [.. cron.Status?.Active ?? []];
    private DateTime? lastStart = cron.Status?.LastScheduleTime;
    private DateTime? lastSuccess = cron.Status?.LastSuccessfulTime;

    public V1CronJob CronJob => cron;

    public V1CronJobStatus Status => new()
    {
        Active = active.Count == 0 ? null : active,
        LastScheduleTime = lastStart,
        LastSuccessfulTime = lastSuccess,
    };

    /// <summary>Deletes what is too old to keep, and notes what has ended or gone.</summary>
    public async Task KeepBooksAsync(IReadOnlyCollection<V1Job> jobs, CancellationToken cancellationToken)
    {
        foreach (var surplus in CronJobJobs.Surplus(cron, jobs.Where(job => !job.IsDeleting())))
        {
            await DeleteAsync(surplus, cancellationToken);
        }

        foreach (var job in jobs)
        {
            Note(job);
        }

        foreach (var reference in active.Where(reference => jobs.All(job => job.Metadata.Uid != reference.Uid)).ToList())
        {
            // The cache may be behind: only the API knows that it is gone.
            if (await FindAsync(reference, cancellationToken) is null)
            {
                events.Record(cron, "Normal", "MissingJob", $"Active job went missing: {reference.Name}");
                active.Remove(reference);
            }
        }
    }

    public async Task StartAsync(DateTime due, TimeZoneInfo zone, CancellationToken cancellationToken)
    {
        var name = CronJobJobs.NameFor(cron, due);
        if (active.Exists(reference => reference.Name == name) || lastStart == due)
        {
            return;
        }

        if (cron.Spec.ConcurrencyPolicy == "Forbid" && active.Count > 0)
        {
            events.Record(cron, "Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return;
        }

        if (cron.Spec.ConcurrencyPolicy == "Replace")
        {
            await DeleteActiveAsync(cancellationToken);
        }

        if (await CreateAsync(CronJobJobs.New(cron, due, zone), cancellationToken) is { } job)
        {
            active.Add(CronJobJobs.ReferenceTo(job));
            lastStart = due;
        }
    }

    private void Note(V1Job job)
    {
        var known = active.Find(reference => reference.Uid == job.Metadata.Uid);
        if (!JobConditions.IsFinished(job.Status))
        {
            if (known is null && !job.IsDeleting())
            {
                events.Record(cron, "Warning", "UnexpectedJob", $"Saw a job that the controller did not create or forgot: {job.Metadata.Name}");
            }

            return;
        }

        var isComplete = JobConditions.Find(job.Status, JobConditions.Complete) is not null;
        if (known is not null)
        {
            active.Remove(known);
            var condition = isComplete ? JobConditions.Complete : JobConditions.Failed;
            events.Record(cron, "Normal", "SawCompletedJob", $"Saw completed job: {job.Metadata.Name}, condition: {condition}");
        }

        if (isComplete && job.Status.CompletionTime is { } completed && (lastSuccess is null || completed > lastSuccess))
        {
            lastSuccess = completed;
        }
    }

    private async Task DeleteActiveAsync(CancellationToken cancellationToken)
    {
        foreach (var reference in active.ToList())
        {
            if (await FindAsync(reference, cancellationToken) is { } job)
            {
                await DeleteAsync(job, cancellationToken);
            }

            active.Remove(reference);
        }
    }

    /// <returns>null: another one has its name.</returns>
    private async Task<V1Job?> CreateAsync(V1Job job, CancellationToken cancellationToken)
    {
        try
        {
            var created = await client.CreateAsync(job, cancellationToken);
            events.Record(cron, "Normal", "SuccessfulCreate", $"Created job {created.Metadata.Name}");
            return created;
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // Made before, if its uid is ours, by a process that ended before it could note it.
            var other = await client.GetAsync<V1Job>(job.Key(), cancellationToken);
            return other.IsControlledBy(cron) ? other : null;
        }
        catch (ApiException ending) when (ending.IsNamespaceEnding())
        {
            return null;
        }
        catch (ApiException refused)
        {
            events.Record(cron, "Warning", "FailedCreate", $"Error creating job: {refused.Message}");
            throw;
        }
    }

    private async Task DeleteAsync(V1Job job, CancellationToken cancellationToken)
    {
        try
        {
            await client.DeleteAsync<V1Job>(job.Key(), new V1DeleteOptions { PropagationPolicy = "Background" }, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return; // The cache has not heard of it yet.
        }
        catch (ApiException refused)
        {
            events.Record(cron, "Warning", "FailedDelete", $"Deleted job: {refused.Message}");
            throw;
        }

        active.RemoveAll(reference => reference.Uid == job.Metadata.Uid);
        events.Record(cron, "Normal", "SuccessfulDelete", $"Deleted job {job.Metadata.Name}");
    }

    private async Task<V1Job?> FindAsync(V1ObjectReference reference, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync<V1Job>(new ObjectKey(reference.NamespaceProperty, reference.Name), cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return null;
        }
    }
}
