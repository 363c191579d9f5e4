using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Networks;
using Flotilla.Engine.Streams;
using Flotilla.Engine.Volumes;
using Flotilla.Linux.Commands;
using Flotilla.Linux.Containerd;
using Flotilla.Linux.Mounts;
using Grpc.Core;

namespace Flotilla.Engine;

/// <summary>
/// Ends all containers and takes away what the engine has made in the kernel: links, namespaces, rules, mounts. Records, volumes and layers stay:
/// the next start brings back what is to run. Repeating it is harmless.
/// </summary>
public static class EngineCleanup
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan RuntimeLimit = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(2);

    /// <param name="longestGrace">The most that containers are given to end by themselves.</param>
    public static async Task RunAsync(EngineOptions options, TimeSpan longestGrace, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(options.ContainerDirectory))
        {
            return;
        }

        await EndContainersAsync(options, longestGrace, cancellationToken);
        foreach (var link in NetworkLinks.Names().Where(name => name.StartsWith(options.LinkPrefix, StringComparison.Ordinal)))
        {
            await TryAsync("ip", ["link", "delete", link], cancellationToken);
        }

        await TryAsync("nft", ["delete", "table", "ip", options.TableName], cancellationToken);
    }

    /// <summary>Only what is no part of the machine's network: of an engine whose network is taken away as a whole.</summary>
    public static async Task EndContainersAsync(EngineOptions options, TimeSpan longestGrace, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(options.ContainerDirectory))
        {
            return;
        }

        await EndTasksAsync(options, longestGrace < UsualGrace ? longestGrace : UsualGrace, cancellationToken);
        foreach (var pipes in Directory.Exists(options.FifoDirectory) ? Directory.EnumerateDirectories(options.FifoDirectory) : [])
        {
            ProcessStreams.Remove(pipes);
        }

        foreach (var mounted in Directory.Exists(Path.Combine(options.RunDirectory, "mounts")) ? Directory.EnumerateDirectories(Path.Combine(options.RunDirectory, "mounts")) : [])
        {
            Native.Unmount(mounted);
        }

        var links = new NetworkLinks(options);
        foreach (var container in Directory.EnumerateDirectories(options.ContainerDirectory).Select(directory => Path.GetFileName(directory)))
        {
            await links.RemoveNamespaceAsync(container, cancellationToken);
        }

        Cgroups.Remove(options.CgroupRoot);
    }

    /// <summary>When neither containers nor pods run: nothing of a volume is mounted any more, and nobody holds one.</summary>
    /// <exception cref="IOException">Something stays mounted.</exception>
    public static void UnmountVolumes(EngineOptions options)
    {
        if (!Directory.Exists(options.VolumeDirectory))
        {
            return;
        }

        var directory = ScopedPath.Resolve("/", options.VolumeDirectory);
        foreach (var point in MountTable.Below(directory).Where(point => point != directory))
        {
            Native.Unmount(point);
        }

        if (MountTable.Below(directory).FirstOrDefault(point => point != directory) is { } left)
        {
            throw new IOException($"{left} could not be unmounted");
        }

        foreach (var volume in Directory.EnumerateDirectories(directory))
        {
            VolumeMounts.ForgetHolders(volume);
        }
    }

    private static async Task EndTasksAsync(EngineOptions options, TimeSpan grace, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(RuntimeLimit + grace);
        using var runtime = new Runtime(options.ContainerdSocket);
        try
        {
            await Task.WhenAll(Directory.EnumerateDirectories(options.ContainerDirectory).Select(directory => EndAsync(options, runtime, directory, grace, bounded.Token)));
        }
        catch (Exception failure) when ((failure is RpcException or OperationCanceledException or IOException) && !cancellationToken.IsCancellationRequested)
        {
            // A runtime that does not answer cannot help: the processes are killed with it.
        }
    }

    private static async Task EndAsync(EngineOptions options, Runtime runtime, string directory, TimeSpan grace, CancellationToken cancellationToken)
    {
        var file = Path.Combine(directory, "container.json");
        if (RecordFile.Read<ContainerRecord>(file) is not { } record || !await IsRunningAsync(runtime, record.Id, cancellationToken))
        {
            return;
        }

        using var log = new LogWriter(Path.Combine(directory, "container.log"), LogSettings.Of(record.HostConfig, options.MaxLogBytes), TimeProvider.System);
        var streams = ProcessStreams.Reopen(Path.Combine(options.FifoDirectory, record.Id), hasInput: false, record.HasTerminal);
        streams.Start(frame =>
        {
            log.Write(frame);
            return ValueTask.CompletedTask;
        });
        await ResumeAsync(runtime, record.Id, cancellationToken);
        await KillAsync(runtime, record.Id, Signals.Number((string?)record.Config["StopSignal"] ?? "") ?? 15, cancellationToken);
        for (var waited = TimeSpan.Zero; waited < grace && await IsRunningAsync(runtime, record.Id, cancellationToken); waited += PollEvery)
        {
            await Task.Delay(PollEvery, cancellationToken);
        }

        await KillAsync(runtime, record.Id, 9, cancellationToken);
        while (await IsRunningAsync(runtime, record.Id, cancellationToken))
        {
            await Task.Delay(PollEvery, cancellationToken);
        }

        var end = await runtime.Tasks.DeleteAsync(new DeleteTaskRequest { ContainerId = record.Id }, cancellationToken: cancellationToken);
        await streams.Drained.WaitAsync(DrainLimit, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await streams.DisposeAsync();
        (record.State.Status, record.State.Pid, record.State.ExitCode, record.State.FinishedAt) = (StateRecord.Exited, 0, (int)end.ExitStatus, end.ExitedAt?.ToDateTime() ?? DateTime.UtcNow);
        RecordFile.Write(file, record);
    }

    private static async Task ResumeAsync(Runtime runtime, string id, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Tasks.ResumeAsync(new ResumeTaskRequest { ContainerId = id }, cancellationToken: cancellationToken);
        }
        catch (RpcException)
        {
            // It was not paused.
        }
    }

    private static async Task<bool> IsRunningAsync(Runtime runtime, string id, CancellationToken cancellationToken)
    {
        try
        {
            return (await runtime.Tasks.GetAsync(new GetTaskRequest { ContainerId = id }, cancellationToken: cancellationToken)).Process.Status is not (ProcessStatus.Stopped or ProcessStatus.Unknown);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            return false;
        }
    }

    private static async Task KillAsync(Runtime runtime, string id, int signal, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Tasks.KillAsync(new KillRequest { ContainerId = id, Signal = (uint)signal }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing() || failure.StatusCode == StatusCode.FailedPrecondition)
        {
            // It has ended.
        }
    }

    private static async Task TryAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        try
        {
            await ThisMachine.Commands.DoAsync(program, arguments, cancellationToken);
        }
        catch (CommandException)
        {
            // It was not there.
        }
    }
}
