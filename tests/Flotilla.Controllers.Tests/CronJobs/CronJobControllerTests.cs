using Flotilla.Client;
using Flotilla.Controllers.CronJobs;
using Flotilla.Controllers.Jobs;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.CronJobs;

public sealed class CronJobControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new CronJobController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task A_job_starts_each_minute_named_after_its_time()
    {
        await CreateAsync(spec => spec.TimeZone = "Asia/Tokyo");
        await PassAsync(TimeSpan.FromMinutes(1), () => JobsAsync(1));
        await PassAsync(TimeSpan.FromMinutes(1), () => JobsAsync(2));
        var jobs = await cluster.ListAsync<V1Job>("default");
        Assert.Equal(["tick-29453761", "tick-29453762"], jobs.Select(job => job.Metadata.Name));
        Assert.Equal("2026-01-01T09:01:00+09:00", jobs[0].Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
        Assert.Equal(("CronJob", "tick", true), (jobs[0].Controller()!.Kind, jobs[0].Controller()!.Name, jobs[0].Controller()!.BlockOwnerDeletion));
        await cluster.UntilAsync(async () => (await StatusAsync())?.Active?.Count == 2, "both are active");
        Assert.Equal(new DateTime(2026, 1, 1, 0, 2, 0, DateTimeKind.Utc), (await StatusAsync())!.LastScheduleTime);
        await EventAsync("Normal SuccessfulCreate Created job tick-29453761");
    }

    [Fact]
    public async Task A_finished_job_is_no_longer_active_and_its_success_is_remembered()
    {
        await CreateAsync();
        await PassAsync(TimeSpan.FromMinutes(1), () => JobsAsync(1));
        await FinishAsync("tick-29453761", JobConditions.Complete);
        await cluster.UntilAsync(async () => await StatusAsync() is { Active: null, LastSuccessfulTime: not null }, "it is noted");
        await EventAsync("Normal SawCompletedJob Saw completed job: tick-29453761, condition: Complete");
    }

    [Fact]
    public async Task Only_the_newest_finished_jobs_are_kept()
    {
        await CreateAsync(spec => spec.SuccessfulJobsHistoryLimit = 1);
        for (var count = 1; count <= 3; count++)
        {
            var name = $"tick-{29453760 + count}";
            await PassAsync(TimeSpan.FromMinutes(1), async () => (await NamesAsync()).Contains(name));
            await FinishAsync(name, JobConditions.Complete);
        }

        await cluster.UntilAsync(async () => (await NamesAsync()).SequenceEqual(["tick-29453763"]), "the last one stays");
        await EventAsync("Normal SuccessfulDelete Deleted job tick-29453761");
    }

    [Fact]
    public async Task Forbidden_to_overlap_a_start_waits_for_the_running_job()
    {
        await CreateAsync(spec => spec.ConcurrencyPolicy = "Forbid");
        await PassAsync(TimeSpan.FromMinutes(1), () => JobsAsync(1));
        await PassAsync(TimeSpan.FromMinutes(1), () => HasEventAsync(
            "Normal JobAlreadyActive Not starting job because prior execution is running and concurrency policy is Forbid"));
        Assert.Equal(["tick-29453761"], await NamesAsync());
    }

    [Fact]
    public async Task A_running_job_is_replaced()
    {
        await CreateAsync(spec => spec.ConcurrencyPolicy = "Replace");
        await PassAsync(TimeSpan.FromMinutes(1), () => JobsAsync(1));
        await PassAsync(TimeSpan.FromMinutes(1), async () => (await NamesAsync()).SequenceEqual(["tick-29453762"]));
        await cluster.UntilAsync(async () => (await StatusAsync())?.Active?.Single().Name == "tick-29453762", "the new one is active");
    }

    [Fact]
    public async Task Suspended_nothing_starts_and_what_was_missed_runs_once_afterwards()
    {
        await CreateAsync(spec => spec.Suspend = true);
        await PassAsync(TimeSpan.FromMinutes(150), () => Task.FromResult(true));
        Assert.Empty(await NamesAsync());
        await cluster.ChangeAsync<V1CronJob>("default", "tick", cron => cron.Spec.Suspend = false);
        await cluster.UntilAsync(() => JobsAsync(1), "one start");
        Assert.Equal(["tick-29453910"], await NamesAsync());
        await EventAsync("Warning TooManyMissedTimes too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
    }

    [Fact]
    public async Task A_start_beyond_its_deadline_is_missed()
    {
        await CreateAsync(spec =>
        {
            spec.Schedule = "0 1 1 1 *";
            spec.StartingDeadlineSeconds = 30;
            spec.Suspend = true;
        });
        await PassAsync(TimeSpan.FromMinutes(65), () => Task.FromResult(true));
        await cluster.ChangeAsync<V1CronJob>("default", "tick", cron => cron.Spec.Suspend = false);
        await PassAsync(TimeSpan.FromMinutes(5), () => Task.FromResult(true));
        Assert.Empty(await NamesAsync());
    }

    [Fact]
    public async Task A_job_that_went_missing_is_not_waited_for()
    {
        await CreateAsync(spec => spec.ConcurrencyPolicy = "Forbid");
        await PassAsync(TimeSpan.FromMinutes(1), () => JobsAsync(1));
        await cluster.UntilAsync(async () => (await StatusAsync())?.Active?.Count == 1, "it is noted");
        await cluster.Client.DeleteAsync<V1Job>(new("default", "tick-29453761"), null, CancellationToken.None);
        await EventAsync("Normal MissingJob Active job went missing: tick-29453761");
        await PassAsync(TimeSpan.FromMinutes(1), async () => (await NamesAsync()).SequenceEqual(["tick-29453762"]));
    }

    private Task CreateAsync(Action<V1CronJobSpec>? configure = null)
    {
        var cron = new V1CronJob
        {
            ApiVersion = "batch/v1",
            Kind = "CronJob",
            Metadata = new V1ObjectMeta { Name = "tick", NamespaceProperty = "default" },
            Spec = new V1CronJobSpec
            {
                Schedule = "*/1 * * * *",
                ConcurrencyPolicy = "Allow",
                SuccessfulJobsHistoryLimit = 3,
                FailedJobsHistoryLimit = 1,
                JobTemplate = new V1JobTemplateSpec { Spec = new V1JobSpec { Template = new V1PodTemplateSpec { Spec = new V1PodSpec() } } },
            },
        };
        configure?.Invoke(cron.Spec);
        return cluster.CreateAsync(cron);
    }

    /// <summary>Lets time go by, a few seconds at once, and then waits for the condition.</summary>
    private async Task PassAsync(TimeSpan time, Func<Task<bool>> condition)
    {
        await cluster.UntilAsync(async () => cluster.Informers.Of<V1CronJob>().List().Count == (await cluster.ListAsync<V1CronJob>()).Count, "it is known");
        cluster.Time.Advance(time);
        await cluster.UntilAsync(condition, "what should follow");
    }

    private Task FinishAsync(string name, string condition) => cluster.ChangeAsync<V1Job>("default", name, job => job.Status = new V1JobStatus
    {
        StartTime = cluster.Time.GetUtcNow().UtcDateTime,
        CompletionTime = cluster.Time.GetUtcNow().UtcDateTime,
        Conditions = [JobConditions.New(condition, "Test", "as told", cluster.Time.GetUtcNow().UtcDateTime)],
    });

    private async Task<V1CronJobStatus?> StatusAsync() => (await cluster.GetAsync<V1CronJob>("default", "tick")).Status;

    private async Task<bool> JobsAsync(int count) => (await NamesAsync()).Count == count;

    private async Task<List<string>> NamesAsync() => [.. (await cluster.ListAsync<V1Job>("default")).Select(job => job.Metadata.Name).Order(StringComparer.Ordinal)];

    private Task EventAsync(string text) => cluster.UntilAsync(() => HasEventAsync(text), text);

    private async Task<bool> HasEventAsync(string text) =>
        (await cluster.ListAsync<Corev1Event>("default")).Any(value => $"{value.Type} {value.Reason} {value.Message}" == text);
}
