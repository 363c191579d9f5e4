using Flotilla.Conformance.Live;
using Flotilla.EndToEnd.Tools;
using k8s;

namespace Flotilla.Conformance.Apps;

/// <summary>The manifests of <c>examples/workloads</c>, each tried as its reader would.</summary>
public sealed class ExampleTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_pod_serves()
    {
        await using var space = await ApplyAsync("pod");
        await space.ReadyPodAsync("hello-pod");
        Assert.Contains("from hello-pod", await space.ShellAsync("hello-pod", "wget -qO- http://localhost:8080/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Configuration_and_secrets_come_as_variables_and_files()
    {
        await using var space = await ApplyAsync("config");
        await space.EndedPodAsync("configured");
        Assert.Equal("blue s3cret\nblue\ngreen\ns3cret400\n", await space.LogAsync("configured"));
    }

    [Fact]
    public async Task Data_outlives_the_pod_that_wrote_it()
    {
        await using var space = await ApplyAsync("volume");
        await space.ReadyPodAsync("notebook");
        (await space.KubectlAsync("delete", "pod", "notebook")).Success();
        await space.ApplyAsync(await ReadAsync("volume"));
        await space.ReadyPodAsync("notebook");
        await space.UntilAsync(() => space.ShellAsync("notebook", "cat /notes/file"), text => text == "a line\na line\n");
    }

    [Fact]
    public async Task A_deployment_is_rolled_out_behind_its_service()
    {
        await using var space = await ApplyAsync("deployment");
        await space.ReadyAsync("hello", 3);
        (await space.KubectlAsync("set", "env", "deployment/hello", "SOME_ENV=new")).Success();
        (await space.KubectlAsync("rollout", "status", "deployment/hello", "--timeout=60s")).Success();
        var pod = (await space.ReadyAsync("hello", 3))[0].Metadata.Name;
        Assert.Contains("SOME_ENV=new", await space.ShellAsync(pod, "wget -qO- http://hello/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Redis_keeps_its_name_and_its_data()
    {
        await cluster.LoadImageAsync("my-redis", "redis-cli redis-check-rdb");
        await using var space = await ApplyAsync("statefulset");
        await space.ReadyAsync("redis", 1, 90);
        Assert.Equal("OK", (await space.ShellAsync("redis-0", "redis-cli set ship flotilla")).Trim());
        var before = (await space.PodAsync("redis-0")).Metadata.Uid;
        await space.Client.CoreV1.DeleteNamespacedPodAsync("redis-0", space.Name, gracePeriodSeconds: 0);
        await space.UntilAsync(() => space.PodsAsync("redis"), pods => pods is [var pod] && pod.Metadata.Uid != before && pod.IsReady());
        Assert.Equal("flotilla", (await space.ShellAsync("redis-0", "redis-cli -h redis-0.redis get ship")).Trim());
    }

    [Fact]
    public async Task A_daemon_runs_on_every_node()
    {
        await using var space = await ApplyAsync("daemonset");
        var pod = Assert.Single(await space.ReadyAsync("watcher", 1));
        Assert.Contains("/", await space.LogAsync(pod.Metadata.Name, null, "/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_job_does_ten_pieces_of_work()
    {
        await using var space = await ApplyAsync("job");
        var job = await space.EndedJobAsync("squares", 120);
        Assert.Equal((10, "0-9"), (job.Status.Succeeded, job.Status.CompletedIndexes));
        var last = (await space.Client.CoreV1.ListNamespacedPodAsync(space.Name, labelSelector: "batch.kubernetes.io/job-completion-index=9")).Items[0];
        Assert.Equal("81\n", await space.LogAsync(last.Metadata.Name));
    }

    [Fact]
    public async Task A_cron_job_runs_every_minute()
    {
        await using var space = await ApplyAsync("cronjob");
        await space.UntilAsync(
            () => space.Client.BatchV1.ReadNamespacedCronJobAsync("every-minute", space.Name), cron => cron.Status.LastSuccessfulTime is not null, 90);
    }

    [Fact]
    public async Task Busy_replicas_become_more_and_idle_ones_fewer()
    {
        await using var space = await ApplyAsync("autoscaler");
        await space.ReadyAsync("busy", 1);
        await space.UntilAsync(() => space.Client.AppsV1.ReadNamespacedDeploymentAsync("busy", space.Name), value => value.Spec.Replicas > 1, 120);
        await space.UntilAsync(
            async () =>
            {
                foreach (var pod in (await space.PodsAsync("busy")).Where(pod => pod.IsReady()))
                {
                    await space.KubectlAsync("exec", pod.Metadata.Name, "--", "touch", "/tmp/idle");
                }

                return await space.Client.AppsV1.ReadNamespacedDeploymentAsync("busy", space.Name);
            },
            value => value.Spec.Replicas == 1,
            120);
    }

    private async Task<Space> ApplyAsync(string example)
    {
        var space = await Space.CreateAsync(cluster);
        await space.ApplyAsync(await ReadAsync(example));
        return space;
    }

    private static Task<string> ReadAsync(string example) =>
        File.ReadAllTextAsync(Path.Combine(Repository.Root, "examples", "workloads", example + ".yaml"));
}
