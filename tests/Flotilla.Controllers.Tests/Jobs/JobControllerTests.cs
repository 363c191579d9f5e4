using Flotilla.Client;
using Flotilla.Controllers.Jobs;
using Flotilla.Controllers.Tests.Runtime;
using k8s.Models;

namespace Flotilla.Controllers.Tests.Jobs;

public sealed class JobControllerTests : IAsyncLifetime
{
    private readonly Cluster cluster = new(context => new JobController(context), context => new JobTtlController(context));

    public async ValueTask InitializeAsync() => await cluster.StartAsync();

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Runs_as_many_pods_as_must_succeed_and_completes()
    {
        await CreateAsync(spec =>
        {
            spec.Completions = 5;
            spec.Parallelism = 2;
        });
        var most = 0;
        var random = new Random(1);
        await UntilAsync(
            async () =>
            {
                most = Math.Max(most, (await PodsAsync()).Count(pod => pod.Status?.Phase is null));
                return JobConditions.IsFinished((await JobAsync()).Status);
            },
            _ => random.Next(2) == 0 ? "Succeeded" : null);

        var status = (await JobAsync()).Status;
        Assert.Equal(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"], Conditions(status));
        Assert.Equal((5, null, null, 0, 0), (status.Succeeded, status.Failed, status.Active, status.Ready, status.Terminating));
        Assert.NotNull(status.CompletionTime);
        Assert.InRange(most, 1, 2);
        Assert.All(await PodsAsync(), pod => Assert.False(pod.IsTracked()));
        await cluster.UntilAsync(async () => await HasEventAsync("Normal Completed Job completed"), "the event");
    }

    [Fact]
    public async Task Too_many_failures_end_it()
    {
        await CreateAsync(spec => spec.BackoffLimit = 2);
        await UntilAsync(async () => JobConditions.IsFinished((await JobAsync()).Status), _ => "Failed");
        var status = (await JobAsync()).Status;
        Assert.Equal(["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"], Conditions(status));
        Assert.Equal(3, status.Failed);
        Assert.Equal(3, (await PodsAsync()).Count);
        await cluster.UntilAsync(
            async () => await HasEventAsync("Warning BackoffLimitExceeded Job has reached the specified backoff limit"), "the event");
    }

    [Fact]
    public async Task The_deadline_ends_what_still_runs()
    {
        await CreateAsync(spec => spec.ActiveDeadlineSeconds = 5);
        await UntilAsync(async () => JobConditions.IsFinished((await JobAsync()).Status), _ => null);
        Assert.Equal(["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"], Conditions((await JobAsync()).Status));
        Assert.Equal(1, (await JobAsync()).Status.Failed);
    }

    [Fact]
    public async Task Every_index_succeeds_once()
    {
        await CreateAsync(spec =>
        {
            spec.CompletionMode = "Indexed";
            spec.Completions = 4;
            spec.Parallelism = 3;
        });
        var failedOnce = false;
        await UntilAsync(
            async () => JobConditions.IsFinished((await JobAsync()).Status),
            pod =>
            {
                if (failedOnce || JobPods.IndexOf(pod) != 1)
                {
                    return "Succeeded";
                }

                failedOnce = true;
                return "Failed";
            });
        var status = (await JobAsync()).Status;
        Assert.Equal(("0-3", 4, 1), (status.CompletedIndexes, status.Succeeded, status.Failed));
        Assert.All(await PodsAsync(), pod => Assert.Equal($"work-{JobPods.IndexOf(pod)}", pod.Spec.Hostname));
    }

    [Fact]
    public async Task Suspended_it_runs_nothing_and_resumed_it_goes_on()
    {
        await CreateAsync(spec => spec.Suspend = true);
        await UntilAsync(async () => Conditions((await JobAsync()).Status).Contains("Suspended JobSuspended"), _ => "Succeeded");
        Assert.Empty(await PodsAsync());
        await cluster.ChangeAsync<V1Job>("default", "work", job => job.Spec.Suspend = false);
        await UntilAsync(async () => JobConditions.IsFinished((await JobAsync()).Status), _ => "Succeeded");
    }

    [Fact]
    public async Task A_finished_job_is_deleted_when_its_time_is_up()
    {
        await CreateAsync(spec => spec.TtlSecondsAfterFinished = 100);
        await UntilAsync(async () => JobConditions.IsFinished((await JobAsync()).Status), _ => "Succeeded");
        Assert.Null((await JobAsync()).Metadata.DeletionTimestamp);
        cluster.Time.Advance(TimeSpan.FromSeconds(101));
        await UntilAsync(async () => (await JobAsync()).Metadata.DeletionTimestamp is not null, _ => null);
    }

    [Fact]
    public async Task Pods_of_a_deleted_job_are_let_go()
    {
        await CreateAsync(spec => spec.Parallelism = spec.Completions = 2);
        await UntilAsync(async () => (await PodsAsync()).Count == 2, _ => null);
        await cluster.Client.DeleteAsync<V1Job>(new("default", "work"), null, CancellationToken.None);
        foreach (var pod in await PodsAsync())
        {
            await cluster.Client.DeleteAsync<V1Pod>(pod.Key(), null, CancellationToken.None);
        }

        await UntilAsync(async () => (await PodsAsync()).Count == 0, _ => null);
    }

    [Fact]
    public async Task Suspending_a_running_job_is_no_failure_of_its_pods()
    {
        await CreateAsync(spec => spec.BackoffLimit = 0);
        await UntilAsync(async () => (await PodsAsync()).Count == 1, _ => null);
        await cluster.ChangeAsync<V1Job>("default", "work", job => job.Spec.Suspend = true);
        await UntilAsync(async () => (await PodsAsync()).Count == 0 && (await JobAsync()).Status?.Conditions is not null, _ => null);
        Assert.Null((await JobAsync()).Status.Failed);
        await cluster.ChangeAsync<V1Job>("default", "work", job => job.Spec.Suspend = false);
        await UntilAsync(async () => JobConditions.IsFinished((await JobAsync()).Status), _ => "Succeeded");
        Assert.Equal(["Suspended JobResumed", "SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"], Conditions((await JobAsync()).Status));
        await cluster.UntilAsync(async () => await HasEventAsync("Normal Resumed Job resumed"), "the event");
    }

    [Fact]
    public async Task An_index_that_failed_too_often_is_given_up_while_the_others_go_on()
    {
        await CreateAsync(spec =>
        {
            spec.CompletionMode = "Indexed";
            spec.Completions = spec.Parallelism = 3;
            spec.BackoffLimit = int.MaxValue;
            spec.BackoffLimitPerIndex = 1;
        });
        await UntilAsync(async () => JobConditions.IsFinished((await JobAsync()).Status), pod => JobPods.IndexOf(pod) == 1 ? "Failed" : "Succeeded");
        var status = (await JobAsync()).Status;
        Assert.Equal(("0,2", "1", 2, 2), (status.CompletedIndexes, status.FailedIndexes, status.Succeeded, status.Failed));
        Assert.Equal(["FailureTarget FailedIndexes", "Failed FailedIndexes"], Conditions(status));
        var counts = (await PodsAsync()).Where(pod => JobPods.IndexOf(pod) == 1).Select(pod => pod.Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
        Assert.Equal(["0", "1"], counts.Order());
    }

    [Fact]
    public async Task A_job_of_somebody_else_is_left_alone()
    {
        await CreateAsync(spec => spec.ManagedBy = "example.com/other");
        await cluster.CreateAsync(NewJob("ours", _ => { }));
        await cluster.UntilAsync(async () => (await PodsAsync()).Count > 0, "ours runs");
        Assert.All(await PodsAsync(), pod => Assert.StartsWith("ours-", pod.Metadata.Name));
    }

    [Fact]
    public async Task A_pod_that_matches_is_adopted_and_one_that_does_not_is_let_go()
    {
        await CreateAsync(spec => spec.Completions = 2);
        await UntilAsync(async () => (await PodsAsync()).Count == 1, _ => null);
        var first = (await PodsAsync())[0].Metadata.Name;
        await cluster.ChangeAsync<V1Pod>("default", first, pod => pod.Metadata.Labels = new Dictionary<string, string>());
        await UntilAsync(async () => (await PodsAsync()).Count == 2 && (await cluster.GetAsync<V1Pod>("default", first)) is var pod && pod.Controller() is null && !pod.IsTracked(), _ => null);
        await cluster.ChangeAsync<V1Job>("default", "work", job => job.Spec.Parallelism = 2);
        await cluster.ChangeAsync<V1Pod>("default", first, pod => pod.Metadata.Labels = new Dictionary<string, string> { ["job"] = "work" });
        await UntilAsync(async () => (await cluster.GetAsync<V1Pod>("default", first)) is var pod && pod.Controller() is not null && pod.IsTracked(), _ => null);
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("0", "0")]
    [InlineData("0,1,2,5,7,8", "0-2,5,7,8")]
    public void Indexes_are_written_as_ranges(string indexes, string expected)
    {
        var set = new SortedSet<int>(indexes.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(int.Parse));
        Assert.Equal(expected, CompletedIndexes.Format(set) ?? "");
        Assert.Equal(set, CompletedIndexes.Parse(expected));
    }

    private Task<V1Job> CreateAsync(Action<V1JobSpec> configure) => cluster.CreateAsync(NewJob("work", configure));

    private static V1Job NewJob(string name, Action<V1JobSpec> configure)
    {
        var job = new V1Job
        {
            ApiVersion = "batch/v1",
            Kind = "Job",
            Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
            Spec = new V1JobSpec
            {
                Completions = 1,
                Parallelism = 1,
                BackoffLimit = 6,
                Selector = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { ["job"] = name } },
                Template = new V1PodTemplateSpec
                {
                    Metadata = new V1ObjectMeta { Labels = new Dictionary<string, string> { ["job"] = name } },
                    Spec = new V1PodSpec { RestartPolicy = "Never", Containers = [new V1Container { Name = "work" }] },
                },
            },
        };
        configure(job.Spec);
        return job;
    }

    /// <summary>Ends each running pod as told; null: it runs on.</summary>
    private Task UntilAsync(Func<Task<bool>> condition, Func<V1Pod, string?> end) => cluster.UntilAsync(
        async () =>
        {
            cluster.Time.Advance(TimeSpan.FromMilliseconds(500));
            foreach (var pod in (await PodsAsync()).Where(pod => pod.Status?.Phase is null && pod.Metadata.DeletionTimestamp is null))
            {
                if (end(pod) is { } phase)
                {
                    await cluster.ChangeAsync<V1Pod>("default", pod.Metadata.Name, value => value.Status = new V1PodStatus { Phase = phase });
                }
            }

            return await condition();
        },
        "the job gets there");

    private Task<V1Job> JobAsync() => cluster.GetAsync<V1Job>("default", "work");

    private Task<IReadOnlyList<V1Pod>> PodsAsync() => cluster.ListAsync<V1Pod>("default");

    private async Task<bool> HasEventAsync(string text) =>
        (await cluster.ListAsync<Corev1Event>("default")).Any(value => $"{value.Type} {value.Reason} {value.Message}" == text);

    private static List<string> Conditions(V1JobStatus? status) =>
        [.. (status?.Conditions ?? []).Select(condition => $"{condition.Type} {condition.Reason}")];
}
