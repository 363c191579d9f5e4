using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Grpc.Core;

namespace Flotilla.Node;

/// <summary>
/// Leaves nothing of a node behind but its data directory (images, volumes' contents): no container, shim, containerd, mount,
/// network namespace or cgroup. Only what belongs to the node's own directories and socket is touched; repeating it is harmless.
/// </summary>
public static class NodeCleanup
{
    private static readonly TimeSpan RuntimeTimeout = TimeSpan.FromSeconds(20);

    public static async Task RunAsync(NodeOptions options, CancellationToken cancellationToken)
    {
        if (options.ContainerRuntimeEndpoint is not null || ContainerdProcess.Find(options) is not null)
        {
            await RemovePodsAsync(options, cancellationToken);
        }
        if (options.ContainerRuntimeEndpoint is null)
        {
            await StopContainerdAsync(options, cancellationToken);
            KillShims(options);
        }
        Mounts.UnmountBelow(options.RunDirectory);
        Mounts.UnmountBelow(options.DataDirectory);
        PodCgroups.RemoveAll(options.CgroupRoot);
        if (Directory.Exists(options.RunDirectory))
        {
            Directory.Delete(options.RunDirectory, recursive: true);
        }
    }

    // Through the runtime where it answers: that runs the CNI plugins, which release addresses and links.
    private static async Task RemovePodsAsync(NodeOptions options, CancellationToken cancellationToken)
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
                await runtime.Runtime.RemovePodSandboxAsync(new RemovePodSandboxRequest { PodSandboxId = sandbox.Id }, cancellationToken: token);
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

    // A shim names its containerd's socket on its command line.
    private static void KillShims(NodeOptions options)
    {
        var shims = Processes.WithArgument(options.ContainerdSocket);
        foreach (var process in Processes.Descendants(shims).Concat(shims))
        {
            Native.Signal(process, Native.SignalKill);
        }
    }
}
