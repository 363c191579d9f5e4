using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>A container that ends, and one that runs.</summary>
public sealed class PodPhaseTests(LiveCluster cluster)
{
    [Fact]
    public async Task A_command_in_a_pod_writes_to_the_log()
    {
        await using var space = await Space.CreateAsync(cluster);
        var log = await space.OutputAsync("""
            metadata: {name: busybox}
            spec:
              restartPolicy: Never
              containers: [{name: main, image: my-image, imagePullPolicy: Never, command: [sh, -c, echo Hello World; sleep 0]}]
            """);
        Assert.Equal("Hello World\n", log);
    }

    [Fact]
    public async Task A_shell_runs_in_a_ready_pod()
    {
        await using var space = await Space.CreateAsync(cluster);
        await space.CreatePodAsync("""
            metadata: {name: web}
            spec: {containers: [{name: main, image: my-image, imagePullPolicy: Never}]}
            """);
        var pod = await space.ReadyPodAsync("web");
        Assert.Equal(pod.Status.PodIP, (await space.ShellAsync("web", "hostname -i")).Trim());
    }
}
