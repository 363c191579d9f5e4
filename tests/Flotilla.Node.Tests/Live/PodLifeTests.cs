using Flotilla.Linux.Mounts;
using Flotilla.Node.Linux;
using k8s.Models;

namespace Flotilla.Node.Tests.Live;

public sealed class PodLifeTests(NodeFixture node) : IClassFixture<NodeFixture>
{
    private static bool IsReady(V1Pod pod) => pod.Status.Conditions?.Any(condition => condition is { Type: "Ready", Status: "True" }) == true;

    [Fact]
    public async Task Runs_a_pod_and_lets_it_go()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("runs"));
        var running = await host.UntilAsync(pod, IsReady);
        Assert.Equal("Running", running.Status.Phase);
        Assert.NotEmpty(running.Status.PodIP);
        Assert.Equal(
            ["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"],
            running.Status.Conditions.Select(condition => condition.Type));
        var status = Assert.Single(running.Status.ContainerStatuses);
        Assert.Equal("docker.io/library/busybox:latest", status.Image);
        Assert.NotNull(status.State.Running);
        await host.RemoveAsync(pod);
        Assert.Contains("Normal Started Container started spec.containers{c}", host.Events(pod));
    }

    [Fact]
    public async Task Tells_how_a_container_ended()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("message", spec => spec.RestartPolicy = "Never", "sh", "-c", "echo -n bye > /dev/termination-log; exit 4"));
        var failed = await host.UntilAsync(pod, current => current.Status.Phase == "Failed");
        var terminated = failed.Status.ContainerStatuses[0].State.Terminated;
        Assert.Equal((4, "Error", "bye"), (terminated.ExitCode, terminated.Reason, terminated.Message));
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task A_pod_that_has_ended_keeps_no_volume_but_its_story()
    {
        var first = await AgentHost.StartAsync(node);
        var pod = first.Create(AgentHost.Pod(
            "ended",
            spec =>
            {
                spec.RestartPolicy = "Never";
                spec.Volumes = [new V1Volume { Name = "v", EmptyDir = new V1EmptyDirVolumeSource { Medium = "Memory" } }];
                spec.Containers[0].VolumeMounts = [new V1VolumeMount { Name = "v", MountPath = "/v" }];
            },
            "sh", "-c", "echo -n mounted > /v/file && cat /v/file > /dev/termination-log"));
        var directory = Path.Combine(node.Options.PodsDirectory, pod.Metadata.Uid);
        await first.UntilAsync(pod, current => current.Status.Phase == "Succeeded" && MountTable.Below(directory).Count == 0 && !Directory.Exists(Path.Combine(directory, "volumes")));
        await first.DisposeAsync();

        await using var second = await AgentHost.StartAsync(node, first.Cluster);
        var other = second.Create(AgentHost.Pod("beside"));
        await second.UntilAsync(other, IsReady);
        Assert.Equal("mounted", second.Get(pod)!.Status.ContainerStatuses[0].State.Terminated.Message);
        await second.RemoveAsync(other);
        await second.RemoveAsync(pod);
        using var bounded = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        while (Directory.Exists(directory))
        {
            await Task.Delay(20, bounded.Token);
        }
    }

    [Fact]
    public async Task Initializes_in_order_and_starts_sidecars_first()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("init", spec => spec.InitContainers =
        [
            new V1Container { Name = "i1", Image = "busybox:latest", ImagePullPolicy = "Always", Command = ["true"] },
            new V1Container { Name = "s", Image = "busybox:latest", ImagePullPolicy = "IfNotPresent", RestartPolicy = "Always", Command = ["sleep", "3600"] },
        ]));
        var running = await host.UntilAsync(pod, IsReady);
        Assert.Equal("Completed", running.Status.InitContainerStatuses[0].State.Terminated.Reason);
        Assert.True(running.Status.InitContainerStatuses[1].Ready);
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Restarts_what_crashes_then_waits_longer()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("crashes", null, "sh", "-c", "exit 1"));
        var waiting = await host.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].State.Waiting?.Reason == "CrashLoopBackOff");
        var status = waiting.Status.ContainerStatuses[0];
        Assert.Equal(1, status.RestartCount);
        Assert.Equal(1, status.LastState.Terminated.ExitCode);
        Assert.Equal($"back-off 10s restarting failed container=c pod=crashes_default({pod.Metadata.Uid})", status.State.Waiting.Message);
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task A_restarted_agent_leaves_running_containers_alone()
    {
        var first = await AgentHost.StartAsync(node);
        var pod = first.Create(AgentHost.Pod("adopted"));
        var before = await first.UntilAsync(pod, IsReady);
        await first.DisposeAsync();

        await using var second = await AgentHost.StartAsync(node, first.Cluster);
        var other = second.Create(AgentHost.Pod("other"));
        await second.UntilAsync(other, IsReady);
        var after = second.Get(pod)!;
        Assert.Equal(before.Status.ContainerStatuses[0].ContainerID, after.Status.ContainerStatuses[0].ContainerID);
        Assert.Equal(0, after.Status.ContainerStatuses[0].RestartCount);
        Assert.True(IsReady(after));
        await second.RemoveAsync(pod);
        await second.RemoveAsync(other);
    }

    [Fact]
    public async Task Says_that_an_image_cannot_be_pulled()
    {
        await using var host = await AgentHost.StartAsync(node);
        var pod = host.Create(AgentHost.Pod("no-image", spec => spec.Containers[0].Image = "registry.invalid/none:1"));
        await host.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].State.Waiting?.Reason == "ErrImagePull");
        await host.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].State.Waiting?.Reason == "ImagePullBackOff");
        await host.RemoveAsync(pod);
    }

    [Fact]
    public async Task Restarts_what_fails_its_liveness_probe_and_marks_ready_what_passes_readiness()
    {
        await using var host = await AgentHost.StartAsync(node);
        var unlive = host.Create(AgentHost.Pod("unlive", spec => spec.Containers[0].LivenessProbe = new V1Probe
        {
            Exec = new V1ExecAction { Command = ["false"] }, PeriodSeconds = 1, FailureThreshold = 1, TimeoutSeconds = 1,
        }));
        var web = host.Create(AgentHost.Pod("web", spec => spec.Containers[0].ReadinessProbe = new V1Probe
        {
            HttpGet = new V1HTTPGetAction { Port = 8080, Path = "/" }, PeriodSeconds = 1, FailureThreshold = 1,
        }, "sh", "-c", "mkdir /www; echo ok > /www/index.html; httpd -f -p 8080 -h /www"));
        await host.UntilAsync(web, IsReady);
        await host.UntilAsync(unlive, current => current.Status.ContainerStatuses?[0].RestartCount > 0);
        Assert.Contains("Normal Killing Container c failed liveness probe, will be restarted spec.containers{c}", host.Events(unlive));
        await host.RemoveAsync(unlive);
        await host.RemoveAsync(web);
    }
}
