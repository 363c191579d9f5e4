using System.Globalization;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;
using static Flotilla.Conformance.Apps.WorkloadSpace;

namespace Flotilla.Conformance.Apps;

/// <summary>
/// Every minute something is due. To see the first start without waiting for the minute, the status is made to say that
/// the last one was two minutes ago.
/// </summary>
public sealed class CronJobTests(LiveCluster cluster)
{
    [Fact]
    public async Task Suspended_nothing_is_started()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "Allow", suspend: true);
        await Task.Delay(3000);
        Assert.Empty(await JobsAsync(space));
        Assert.Null((await CronAsync(space)).Status.Active);
    }

    [Fact]
    public async Task Several_jobs_may_run_at_once()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "Allow");
        await space.UntilAsync(() => JobsAsync(space), jobs => jobs.Count == 2, 90);
        var cron = await space.UntilAsync(() => CronAsync(space), value => value.Status.Active?.Count == 2);
        Assert.NotNull(cron.Status.LastScheduleTime);
        var job = (await JobsAsync(space))[0];
        Assert.Equal(job.Metadata.Name, $"tick-{Minutes(DateTimeOffset.Parse(job.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], CultureInfo.InvariantCulture))}");
    }

    [Fact]
    public async Task Forbidden_to_overlap_the_next_one_waits()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "Forbid");
        var first = Assert.Single(await space.UntilAsync(() => JobsAsync(space), jobs => jobs.Count == 1));
        await space.EventAsync("tick", "JobAlreadyActive", 90);
        Assert.Equal(first.Metadata.Uid, Assert.Single(await JobsAsync(space)).Metadata.Uid);
        Assert.Single((await CronAsync(space)).Status.Active);
    }

    [Fact]
    public async Task A_running_one_is_replaced_by_the_next()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "Replace");
        var first = Assert.Single(await space.UntilAsync(() => JobsAsync(space), jobs => jobs.Count == 1));
        await space.UntilAsync(() => JobsAsync(space), jobs => jobs is [var next] && next.Metadata.Uid != first.Metadata.Uid, 90);
    }

    [Fact]
    public async Task What_has_finished_is_noted_and_kept_for_a_while()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "Allow", command: "exit 0");
        await space.UntilAsync(() => CronAsync(space), cron => cron.Status is { LastSuccessfulTime: not null, Active: null });
        await space.EventAsync("tick", "SawCompletedJob");
        Assert.NotEmpty(await JobsAsync(space));
    }

    [Fact]
    public async Task Its_status_can_be_read_replaced_and_patched()
    {
        await using var space = await Space.CreateAsync(cluster);
        await CreateAsync(space, "Allow", suspend: true);
        var (now, batch) = (DateTime.UtcNow.AddMinutes(-5), space.Client.BatchV1);
        var cron = await batch.ReadNamespacedCronJobStatusAsync("tick", space.Name);
        cron.Status = new V1CronJobStatus { LastScheduleTime = now };
        Assert.Equal(now, (await batch.ReplaceNamespacedCronJobStatusAsync(cron, "tick", space.Name)).Status.LastScheduleTime!.Value, TimeSpan.FromSeconds(1));
        await batch.PatchNamespacedCronJobStatusAsync(Merge("""{"metadata":{"annotations":{"patched":"yes"}}}"""), "tick", space.Name);
        Assert.Equal("yes", (await CronAsync(space)).Metadata.Annotations["patched"]);
    }

    private static async Task CreateAsync(Space space, string policy, bool suspend = false, string command = "sleep 3600")
    {
        await space.Client.BatchV1.CreateNamespacedCronJobAsync(
            new V1CronJob
            {
                Metadata = new V1ObjectMeta { Name = "tick" },
                Spec = new V1CronJobSpec
                {
                    Schedule = "*/1 * * * *",
                    ConcurrencyPolicy = policy,
                    Suspend = true,
                    JobTemplate = new V1JobTemplateSpec { Spec = Manifests.Job("tick", command).Spec },
                },
            },
            space.Name);
        var before = DateTime.UtcNow.AddMinutes(-2).ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
        await space.Client.BatchV1.PatchNamespacedCronJobStatusAsync(Merge(new { status = new { lastScheduleTime = before } }), "tick", space.Name);
        if (!suspend)
        {
            await space.Client.BatchV1.PatchNamespacedCronJobAsync(Merge("""{"spec":{"suspend":false}}"""), "tick", space.Name);
        }
    }

    private static Task<V1CronJob> CronAsync(Space space) => space.Client.BatchV1.ReadNamespacedCronJobAsync("tick", space.Name);

    private static async Task<List<V1Job>> JobsAsync(Space space) =>
        [.. (await space.Client.BatchV1.ListNamespacedJobAsync(space.Name)).Items.Where(job => job.Metadata.DeletionTimestamp is null)];

    private static long Minutes(DateTimeOffset time) => time.ToUnixTimeSeconds() / 60;
}
