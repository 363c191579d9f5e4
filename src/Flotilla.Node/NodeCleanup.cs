using System.Diagnostics;
using Flotilla.Linux.Cri;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Volumes;
using Grpc.Core;

namespace Flotilla.Node;

/// <summary>
/// Leaves nothing of a node behind but its data directory (images, volumes' contents, how its containers ended): no process,
/// mount, network namespace or cgroup. Only what belongs to the node's own directories and socket is touched; repeating it is harmless.
/// </summary>
public static class NodeCleanup
{
    private static readonly TimeSpan RuntimeTimeout = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan KillTimeout = TimeSpan.FromSeconds(10);

    /// <param name="longestGrace">What pods are given to end, if they ask for more; null: nothing.</param>
    /// <param name="progress">Told what is waited for.</param>
    public static async Task RunAsync(NodeOptions options, CancellationToken cancellationToken, TimeSpan? longestGrace = null, Action<string>? progress = null)
    {
        if (options.ContainerRuntimeEndpoint is not null || ContainerdProcess.Find(options) is not null)
        {
            if (longestGrace is { } grace)
            {
                await ContainerFarewell.RunAsync(options, grace, progress ?? (_ => { }), cancellationToken);
            }
            await StopPodsAsync(options, cancellationToken);
        }
        if (options.ContainerRuntimeEndpoint is null)
        {
            await StopContainerdAsync(options, cancellationToken);
            await KillRestAsync(options, cancellationToken);
        }
        Shutdown.SystemdLogind.RemoveSettings();
        RemoveSocket(Path.Combine(options.DevicePluginDirectory, Devices.DevicePluginHost.SocketName));
        RemoveSocket(options.PodResourcesSocket);
        await VolumeCleanup.RunAsync(options, cancellationToken);
        Mounts.UnmountBelow(options.RunDirectory);
        Mounts.UnmountBelow(options.DataDirectory);
        new PodCgroups(options.CgroupRoot).RemoveAll();
        if (Directory.Exists(options.RunDirectory))
        {
            Directory.Delete(options.RunDirectory, recursive: true);
        }
    }

    private static void RemoveSocket(string path)
    {
        if (File.Exists(path))
        {
            File.Delete(path);
        }
    }

    // Through the runtime where it answers: that runs the CNI plugins, which release addresses and links. A containerd of our own
    // keeps the record, as over a reboot: the next start tells how the containers ended, and does not run again what was done.
    private static async Task StopPodsAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(RuntimeTimeout);
        using var runtime = new CriClient(options.RuntimeSocket);
        try
        {
            var sandboxes = await runtime.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: bounded.Token);
            var ours = sandboxes.Items.Where(sandbox => PodDirectories.IsOurs(options, sandbox.Metadata.Uid));
            await Parallel.ForEachAsync(ours, bounded.Token, async (sandbox, token) =>
            {
                await runtime.Runtime.StopPodSandboxAsync(new StopPodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: token);
                if (options.ContainerRuntimeEndpoint is not null)
                {
                    await runtime.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: token);
                }
            });
        }
        catch (Exception failure) when (failure is RpcException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // A runtime that does not answer cannot help: the processes are killed and the mounts detached all the same.
        }
    }

    private static async Task StopContainerdAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        if (ContainerdProcess.Find(options) is { } process)
        {
            await ContainerdProcess.StopAsync(process, cancellationToken);
        }
    }

    // A shim names its containerd's socket on its command line. What a shim left behind when it died is told by its root.
    private static async Task KillRestAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        while (true)
        {
            var shims = Processes.WithArgument(options.ContainerdSocket);
            var rest = Processes.Descendants(shims).Concat(shims)
                .Union(Processes.WithRootBelow(ContainerdConfiguration.Root(options)))
                .Where(Processes.IsAlive)
                .ToList();
            if (rest.Count == 0 || Stopwatch.GetElapsedTime(start) > KillTimeout)
            {
                return;
            }
            rest.ForEach(process => Native.Signal(process, Native.SignalKill));
            await Task.Delay(20, cancellationToken);
        }
    }
}
