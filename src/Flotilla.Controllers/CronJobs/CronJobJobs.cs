using System.Globalization;
using Flotilla.Controllers.Jobs;
using k8s.Models;

namespace Flotilla.Controllers.CronJobs;

/// <summary>The jobs of a cron job. Their names follow from their times, so that none can be started twice.</summary>
internal static class CronJobJobs
{
    private const string TimeAnnotation = "batch.kubernetes.io/cronjob-scheduled-timestamp";

    public static string NameFor(V1CronJob cron, DateTime scheduled) => string.Create(
        CultureInfo.InvariantCulture, $"{cron.Metadata.Name}-{new DateTimeOffset(scheduled, TimeSpan.Zero).ToUnixTimeSeconds() / 60}");

    /// <param name="zone">The time is noted on this zone's clock.</param>
    public static V1Job New(V1CronJob cron, DateTime scheduled, TimeZoneInfo zone)
    {
        var template = cron.Spec.JobTemplate;
        return new V1Job
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new V1ObjectMeta
            {
                Name = NameFor(cron, scheduled),
                NamespaceProperty = cron.Metadata.NamespaceProperty,
                Labels = template.Metadata?.Labels,
                Annotations = new Dictionary<string, string>(template.Metadata?.Annotations ?? new Dictionary<string, string>())
                {
                    [TimeAnnotation] = OnClock(scheduled, zone),
                },
                OwnerReferences = [Owners.ReferenceTo(cron)],
            },
            Spec = template.Spec,
        };
    }

    /// <summary>Finished jobs beyond what the history keeps, the oldest first.</summary>
    public static IEnumerable<V1Job> Surplus(V1CronJob cron, IEnumerable<V1Job> jobs)
    {
        var finished = jobs.ToLookup(job =>
            JobConditions.Find(job.Status, JobConditions.Complete) is not null ? JobConditions.Complete
            : JobConditions.Find(job.Status, JobConditions.Failed) is not null ? JobConditions.Failed : "");
        return Oldest(finished[JobConditions.Complete], cron.Spec.SuccessfulJobsHistoryLimit)
            .Concat(Oldest(finished[JobConditions.Failed], cron.Spec.FailedJobsHistoryLimit));
    }

    public static V1ObjectReference ReferenceTo(V1Job job) => new()
    {
        ApiVersion = "batch/v1",
        Kind = "Job",
        Name = job.Metadata.Name,
        NamespaceProperty = job.Metadata.NamespaceProperty,
        Uid = job.Metadata.Uid,
        ResourceVersion = job.Metadata.ResourceVersion,
    };

    private static IEnumerable<V1Job> Oldest(IEnumerable<V1Job> jobs, int? limit)
    {
        var all = jobs.ToList();
        return all
            .OrderBy(job => job.Status?.StartTime ?? DateTime.MaxValue)
            .ThenBy(job => job.Metadata.Name, StringComparer.Ordinal)
            .Take(limit is { } kept ? Math.Max(0, all.Count - kept) : 0);
    }

    private static string OnClock(DateTime time, TimeZoneInfo zone)
    {
        var wall = TimeZoneInfo.ConvertTime(new DateTimeOffset(time, TimeSpan.Zero), zone);
        var format = wall.Offset == TimeSpan.Zero ? "yyyy-MM-ddTHH:mm:ss'Z'" : "yyyy-MM-ddTHH:mm:sszzz";
        return wall.ToString(format, CultureInfo.InvariantCulture);
    }
}
