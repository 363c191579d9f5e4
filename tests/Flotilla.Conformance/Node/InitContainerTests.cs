using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

public sealed class InitContainerTests(LiveCluster cluster)
{
    [Theory]
    [InlineData("Never")]
    [InlineData("Always")]
    public async Task Init_containers_run_before_the_others(string policy)
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(Yaml("inits", policy, "exit 0", policy == "Never" ? "exit 0" : "sleep 3600"));
        var pod = policy == "Never" ? await space.EndedPodAsync("inits") : await space.ReadyPodAsync("inits");
        Assert.Equal(policy == "Never" ? "Succeeded" : "Running", pod.Status.Phase);
        Assert.Equal(2, pod.Status.InitContainerStatuses.Count(status => status.Ready && status.State.Terminated is { ExitCode: 0 }));
        Assert.Equal("True", pod.Status.Conditions.First(condition => condition.Type == "Initialized").Status);
    }

    [Fact]
    public async Task A_failed_init_container_fails_a_pod_that_is_never_restarted()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(Yaml("fails", "Never", "exit 1", "exit 0"));
        var pod = await space.EndedPodAsync("fails");
        Assert.Equal(("Failed", 1), (pod.Status.Phase, pod.Status.InitContainerStatuses[1].State.Terminated.ExitCode));
        Assert.Equal("PodInitializing", pod.Status.ContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal("containers with incomplete status: [init2]", pod.Status.Conditions.First(condition => condition.Type == "Initialized").Message);
    }

    [Fact]
    public async Task A_failed_init_container_is_tried_again_before_anything_else_starts()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync(Yaml("retries", "Always", "exit 1", "sleep 3600"));
        var pod = await space.PodAsync("retries", pod => pod.Status.InitContainerStatuses?[1].RestartCount >= 1);
        Assert.Equal("Pending", pod.Status.Phase);
        Assert.Equal("PodInitializing", pod.Status.ContainerStatuses[0].State.Waiting.Reason);
        Assert.Equal(["init2"], pod.Status.InitContainerStatuses.Where(status => !status.Ready).Select(status => status.Name));
    }

    private static string Yaml(string name, string policy, string second, string main) => PodYaml.For(
        name, PodYaml.Container("main", main), $"restartPolicy: {policy}", $"initContainers: [{PodYaml.Container("init1", "exit 0")}, {PodYaml.Container("init2", second)}]");
}
