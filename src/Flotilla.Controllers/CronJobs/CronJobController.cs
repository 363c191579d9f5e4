using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Cron;
using Flotilla.Client;
using Flotilla.Controllers.Jobs;
using k8s.Models;

namespace Flotilla.Controllers.CronJobs;

/// <summary>Starts each CronJob's jobs when they are due, and keeps the book of those that run and ran.</summary>
internal sealed class CronJobController : Controller
{
    private readonly Informer<V1CronJob> crons;
    private readonly Informer<V1Job> jobs;
    private readonly RecentWrites<V1CronJob> writes;

    public CronJobController(ControllerContext context)
        : base(context, "cronjob-controller", workers: 5)
    {
        crons = Watch<V1CronJob>();
        crons.Subscribe(CronJobChanged);
        writes = new RecentWrites<V1CronJob>(crons, context.Time);
        jobs = Watch<V1Job>();
        jobs.AddOwnerIndexes();
        jobs.Subscribe(JobChanged);
    }

    private DateTime Moment => Time.GetUtcNow().UtcDateTime;

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (crons.Get(key) is not { } cached)
        {
            return; // Deleted: the garbage collector removes what it owned.
        }

        var cron = writes.Newest(cached);
        var run = new CronJobRun(cron, Client, Events);
        try
        {
            await run.KeepBooksAsync(jobs.ControlledBy(cron), cancellationToken);
            if (!cron.IsDeleting())
            {
                await StartAsync(run, cancellationToken);
            }
        }
        finally
        {
            await WriteStatusAsync(cron, run.Status, cancellationToken);
        }
    }

    private async Task StartAsync(CronJobRun run, CancellationToken cancellationToken)
    {
        var cron = run.CronJob;
        if (ZoneOf(cron) is not { } zone)
        {
            Events.Record(cron, "Warning", "UnknownTimeZone", $"invalid timeZone: \"{cron.Spec.TimeZone}\": unknown time zone {cron.Spec.TimeZone}");
            return;
        }

        if (cron.Spec.Suspend == true || ScheduleOf(cron, zone) is not { } schedule)
        {
            return;
        }

        try
        {
            if (Due(cron, schedule) is { } due)
            {
                await run.StartAsync(due, zone, cancellationToken);
            }
        }
        catch (FormatException wrong)
        {
            Events.Record(cron, "Warning", "InvalidSchedule", $"invalid schedule: {cron.Spec.Schedule} : {wrong.Message}");
            return;
        }

        Queue.AddAfter(cron.Key(), StartTimes.UntilNext(cron with { Status = run.Status }, schedule, Moment));
    }

    /// <summary>The start to make now; null: none, or it is too late for it.</summary>
    private DateTime? Due(V1CronJob cron, CronSchedule schedule)
    {
        var now = Moment;
        var times = StartTimes.For(cron, schedule, now, withDeadline: true);
        if (times.Due is not { } due)
        {
            return null;
        }

        if (times.Missed > StartTimes.TooMany)
        {
            Events.Record(
                cron, "Warning", "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }

        if (cron.Spec.StartingDeadlineSeconds is { } seconds && due.AddSeconds(seconds) < now)
        {
            var text = due.ToString("ddd, dd MMM yyyy HH:mm:ss '+0000'", CultureInfo.InvariantCulture);
            Events.Record(cron, "Warning", "MissSchedule", $"Missed scheduled time to start a job: {text}");
            return null;
        }

        return due;
    }

    private CronSchedule? ScheduleOf(V1CronJob cron, TimeZoneInfo zone)
    {
        if (cron.Spec.Schedule.Contains("TZ", StringComparison.Ordinal))
        {
            Events.Record(
                cron, "Warning", "UnsupportedSchedule",
                $"CRON_TZ or TZ used in schedule \"{cron.Spec.Schedule}\" is not officially supported, "
                + "see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details");
        }

        try
        {
            return CronSchedule.Parse(cron.Spec.Schedule, zone);
        }
        catch (FormatException wrong)
        {
            Events.Record(cron, "Warning", "UnparseableSchedule", $"unparseable schedule: \"{cron.Spec.Schedule}\" : {wrong.Message}");
            return null;
        }
    }

    private static TimeZoneInfo? ZoneOf(V1CronJob cron) =>
        cron.Spec.TimeZone is not { } name ? TimeZoneInfo.Utc : TimeZoneInfo.TryFindSystemTimeZoneById(name, out var zone) ? zone : null;

    private async Task WriteStatusAsync(V1CronJob cron, V1CronJobStatus status, CancellationToken cancellationToken)
    {
        if (!JsonNode.DeepEquals(JsonNode.Parse(ObjectJson.Encode(cron.Status)), JsonNode.Parse(ObjectJson.Encode(status))))
        {
            var changed = cron with { ApiVersion = "batch/v1", Kind = "CronJob", Status = status };
            writes.Wrote(await Client.UpdateStatusAsync(changed, cancellationToken));
        }
    }

    /// <summary>A new schedule does not start at once what it would have started before it was written.</summary>
    private void CronJobChanged(ObjectChange<V1CronJob> change)
    {
        if (change is { Old: { } old, New: { } cron }
            && (old.Spec.Schedule != cron.Spec.Schedule || old.Spec.TimeZone != cron.Spec.TimeZone)
            && ZoneOf(cron) is { } zone
            && ScheduleOf(cron, zone) is { } schedule)
        {
            Queue.AddAfter(cron.Key(), StartTimes.UntilNext(cron, schedule, Moment));
            return;
        }

        Queue.Add(change.Latest.Key());
    }

    private void JobChanged(ObjectChange<V1Job> change)
    {
        if (change.Latest.ControllerIn(crons) is { } owner)
        {
            Queue.Add(owner.Key());
        }
    }
}
