using Flotilla.Linux.Cri;
using Flotilla.Linux.Mounts;
using Flotilla.Node.Containerd;
using Flotilla.Node.Linux;

namespace Flotilla.Node.Tests.Live;

/// <summary>A node of its own for every test: each takes it down.</summary>
public sealed class NodeCleanupTests : IAsyncLifetime
{
    private readonly NodeFixture node = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Root => ContainerdConfiguration.Root(node.Options);

    public ValueTask InitializeAsync() => node.InitializeAsync();

    public ValueTask DisposeAsync() => node.DisposeAsync();

    [Fact]
    public async Task A_pause_process_whose_shim_is_dead_is_killed_too()
    {
        await RunSandboxAsync();
        Assert.NotEmpty(Processes.WithRootBelow(Root));
        await ContainerdProcess.StopAsync(ContainerdProcess.Find(node.Options)!.Value, Cancellation);
        foreach (var shim in Processes.WithArgument(node.Options.ContainerdSocket))
        {
            Native.Signal(shim, Native.SignalKill);
        }
        Assert.NotEmpty(Processes.WithRootBelow(Root));

        await NodeCleanup.RunAsync(node.Options, Cancellation);

        Assert.Empty(Processes.WithRootBelow(Root));
        Assert.Empty(MountTable.Below(node.Options.RunDirectory));
        Assert.False(Directory.Exists(node.Options.RunDirectory));
    }

    [Fact]
    public async Task The_next_start_knows_how_a_container_ended()
    {
        var first = await AgentHost.StartAsync(node);
        var pod = first.Create(AgentHost.Pod("survivor"));
        await first.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].Ready == true);
        await first.DisposeAsync();
        await NodeCleanup.RunAsync(node.Options, Cancellation);
        Assert.Empty(Processes.WithRootBelow(Root));

        await using var second = await AgentHost.StartAsync(node, first.Cluster);
        var back = await second.UntilAsync(pod, current => current.Status.ContainerStatuses[0] is { Ready: true, RestartCount: > 0 });
        var status = back.Status.ContainerStatuses[0];
        Assert.Equal(1, status.RestartCount);
        Assert.Equal((137, "Error"), (status.LastState.Terminated.ExitCode, status.LastState.Terminated.Reason));
        Assert.Contains("Normal SandboxChanged Pod sandbox changed, it will be killed and re-created.", second.Events(pod));
        await second.RemoveAsync(pod);
    }

    [Fact]
    public async Task Containers_have_their_time_to_end_by_themselves()
    {
        var first = await AgentHost.StartAsync(node);
        var pod = first.Create(AgentHost.Pod("polite", spec => spec.TerminationGracePeriodSeconds = 20, "sh", "-c", "trap 'exit 7' TERM; while true; do sleep 0.1; done"));
        await first.UntilAsync(pod, current => current.Status.ContainerStatuses?[0].Ready == true);
        await first.DisposeAsync();
        var said = new List<string>();
        await NodeCleanup.RunAsync(node.Options, Cancellation, TimeSpan.FromSeconds(10), said.Add);
        Assert.Equal(["stopping 1 container; they have at most 10 s to end"], said);

        await using var second = await AgentHost.StartAsync(node, first.Cluster);
        var back = await second.UntilAsync(pod, current => current.Status.ContainerStatuses[0] is { Ready: true, RestartCount: > 0 });
        Assert.Equal(7, back.Status.ContainerStatuses[0].LastState.Terminated.ExitCode);
        await second.RemoveAsync(pod);
    }

    private async Task RunSandboxAsync() => await node.Runtime.Runtime.RunPodSandboxAsync(
        new RunPodSandboxRequest
        {
            Config = new PodSandboxConfig
            {
                Metadata = new PodSandboxMetadata { Name = "p", Namespace = "default", Uid = "u1" },
                LogDirectory = Path.Combine(node.Options.PodLogsDirectory, "u1"),
                Linux = new LinuxPodSandboxConfig { CgroupParent = node.Options.CgroupRoot + "/podu1" },
            },
        },
        cancellationToken: Cancellation);
}
