using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containerd.Api;
using Flotilla.Engine.Events;
using Flotilla.Engine.Health;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Specs;
using Flotilla.Engine.Streams;
using Flotilla.Engine.Volumes;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine.Containers;

/// <summary>
/// Starts, watches and ends containers. Every change of a container happens under its gate; each that runs has one watch, which waits for its end,
/// puts it away and starts it again where its restart policy says so. Ending the engine leaves them running.
/// </summary>
internal sealed partial class ContainerLife(
    Runtime runtime, EngineOptions options, ContainerStore containers, ContainerLaunch launch, RootFileSystem roots, VolumeStore volumes, HealthChecks health, EventLog events, TimeProvider time, ILogger<ContainerLife> logger) : IAsyncDisposable
{
    private const int LostExitCode = 255;
    private const int KillSignal = 9;
    private const int TerminateSignal = 15;
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Task, byte> watches = [];
    private readonly CancellationTokenSource ended = new();

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Takes over what an earlier engine has started, and starts what should run.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var container in containers.All.ToList())
        {
            await AdoptAsync(container, cancellationToken);
        }

        foreach (var container in containers.All.Where(container => !container.Record.State.IsRunning && RestartRules.AtStart(container.Record)))
        {
            Watch(StartAgainAsync(container, TimeSpan.Zero));
        }
    }

    /// <returns>false: it runs already.</returns>
    public async Task<bool> StartAsync(Container container, CancellationToken cancellationToken)
    {
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            if (container.Record.State.Status == StateRecord.Paused)
            {
                throw new DockerException(409, "cannot start a paused container, try unpause instead");
            }

            if (container.Record.State.IsRunning)
            {
                return false;
            }

            RefuseRemoved(container);
            container.StopWaiting();
            container.LastDelay = TimeSpan.Zero;
            container.Record.State.RestartCount = 0;
            await LaunchAsync(container, cancellationToken);
            return true;
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <returns>false: it did not run.</returns>
    public async Task<bool> StopAsync(Container container, int? signal, TimeSpan? grace, CancellationToken cancellationToken)
    {
        if (!await BeginEndAsync(container, cancellationToken))
        {
            return false;
        }

        var over = container.RunOver.Task;
        await ResumeIfPausedAsync(container, cancellationToken);
        await SignalAsync(container, signal ?? StopSignalOf(container.Record), cancellationToken);
        var patience = grace ?? (container.Record.Config.Integer("StopTimeout") is { } seconds ? TimeSpan.FromSeconds(seconds) : UsualGrace);
        try
        {
            await over.WaitAsync(patience < TimeSpan.Zero ? Timeout.InfiniteTimeSpan : patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await SignalAsync(container, KillSignal, cancellationToken);
            await over.WaitAsync(KillLimit, time, cancellationToken);
        }

        events.Container(container, "stop");
        return true;
    }

    public async Task RestartAsync(Container container, int? signal, TimeSpan? grace, CancellationToken cancellationToken)
    {
        await StopAsync(container, signal, grace, cancellationToken);
        await StartAsync(container, cancellationToken);
        events.Container(container, "restart");
    }

    public async Task KillAsync(Container container, int signal, CancellationToken cancellationToken)
    {
        if (!container.Record.State.IsRunning)
        {
            throw new DockerException(409, $"cannot kill container: {container.Record.Name}: container {container.Id} is not running");
        }

        if (signal is KillSignal || signal == StopSignalOf(container.Record))
        {
            container.Record.State.IsStoppedByHand = true;
        }

        if (signal == KillSignal)
        {
            await ResumeIfPausedAsync(container, cancellationToken);
        }

        var over = container.RunOver.Task;
        await SignalAsync(container, signal, cancellationToken);
        events.Container(container, "kill", ("signal", signal.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        if (signal == KillSignal)
        {
            await over.WaitAsync(KillLimit, time, cancellationToken);
        }
    }

    public async Task PauseAsync(Container container, bool pause, CancellationToken cancellationToken)
    {
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            var state = container.Record.State;
            if (!state.IsRunning)
            {
                throw new DockerException(409, $"Container {container.Id} is not running");
            }

            if ((state.Status == StateRecord.Paused) == pause)
            {
                throw new DockerException(pause ? 409 : 500, $"Container {container.Id} is {(pause ? "already" : "not")} paused");
            }

            if (pause)
            {
                await runtime.Tasks.PauseAsync(new PauseTaskRequest { ContainerId = container.Id }, cancellationToken: cancellationToken);
            }
            else
            {
                await runtime.Tasks.ResumeAsync(new ResumeTaskRequest { ContainerId = container.Id }, cancellationToken: cancellationToken);
            }

            state.Status = pause ? StateRecord.Paused : StateRecord.Running;
            container.Save();
            events.Container(container, pause ? "pause" : "unpause");
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary>With its layer and log, and where asked its nameless volumes.</summary>
    public async Task RemoveAsync(Container container, bool force, bool withVolumes, CancellationToken cancellationToken)
    {
        if (container.Record.State.IsRunning && !force)
        {
            throw new DockerException(409, $"cannot remove container \"{container.Record.Name}\": container is {container.Record.State.Status}: {(container.Record.State.Status == StateRecord.Paused ? "unpause and then stop" : "stop")} the container before removing or force remove");
        }

        if (await BeginEndAsync(container, cancellationToken))
        {
            var over = container.RunOver.Task;
            await ResumeIfPausedAsync(container, cancellationToken);
            await SignalAsync(container, KillSignal, cancellationToken);
            await over.WaitAsync(KillLimit, time, cancellationToken);
        }

        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            await DeleteAsync(container, withVolumes, cancellationToken);
        }
        finally
        {
            container.Gate.Release();
        }
    }

    /// <summary><c>docker update</c>: limits at once, the restart policy from the next end on.</summary>
    public async Task UpdateAsync(Container container, JsonObject wanted, CancellationToken cancellationToken)
    {
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            var host = container.Record.HostConfig;
            foreach (var (name, value) in wanted.Where(pair => pair.Value is not null && !IsNothing(pair.Value)))
            {
                host[name] = value!.DeepClone();
            }

            if (container.Record.State.IsRunning)
            {
                await runtime.Tasks.UpdateAsync(new UpdateTaskRequest { ContainerId = container.Id, Resources = Runtime.Specification("LinuxResources", ResourceLimits.Of(host)) }, cancellationToken: cancellationToken);
            }

            container.Save();
            events.Container(container, "update");
        }
        finally
        {
            container.Gate.Release();
        }
    }

    public async Task SignalAsync(Container container, int signal, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Tasks.KillAsync(new KillRequest { ContainerId = container.Id, Signal = (uint)signal }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing() || failure.StatusCode == StatusCode.FailedPrecondition)
        {
            // It has ended by itself.
        }
    }

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await Task.WhenAll(watches.Keys).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ended.Dispose();
    }

    // The CLI sends every field; what was not asked for is zero.
    private static bool IsNothing(JsonNode value) => value switch
    {
        JsonObject group => group.String("Name") is null or "",
        JsonArray list => list.Count == 0,
        _ => value.AsInteger() == 0 || value.AsString() == "" || (value.AsInteger() is null && value.AsString() is null && value.GetValueKind() == System.Text.Json.JsonValueKind.False),
    };

    private static int StopSignalOf(ContainerRecord record) => Signals.Number(record.Config.String("StopSignal") ?? "") ?? TerminateSignal;

    private static void RefuseRemoved(Container container)
    {
        if (container.IsRemoved || container.Record.State.Status == StateRecord.Removing)
        {
            throw new DockerException(409, "container is marked for removal and cannot be started");
        }
    }

    // From here no restart policy brings it back.
    private async Task<bool> BeginEndAsync(Container container, CancellationToken cancellationToken)
    {
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            var state = container.Record.State;
            var wasWaiting = state.Status == StateRecord.Restarting;
            if (!state.IsRunning && !wasWaiting)
            {
                return false;
            }

            state.IsStoppedByHand = true;
            container.StopWaiting();
            if (wasWaiting)
            {
                state.Status = StateRecord.Exited;
            }

            container.Save();
            return !wasWaiting;
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private async Task ResumeIfPausedAsync(Container container, CancellationToken cancellationToken)
    {
        if (container.Record.State.Status == StateRecord.Paused)
        {
            await PauseAsync(container, pause: false, cancellationToken);
        }
    }

    private async Task LaunchAsync(Container container, CancellationToken cancellationToken)
    {
        var state = container.Record.State;
        var log = new LogWriter(container.LogFile, options.MaxLogBytes, time);
        state.Error = "";
        try
        {
            await launch.RunAsync(container, frame => TakeAsync(container, log, frame), cancellationToken);
        }
        catch (Exception failure)
        {
            log.Dispose();
            (state.Status, state.Error, state.Pid) = (state.Status == StateRecord.Created ? StateRecord.Created : StateRecord.Exited, failure.Message, 0);
            state.ExitCode = failure.Message.Contains("executable file not found", StringComparison.Ordinal) || failure.Message.Contains("no such file or directory", StringComparison.Ordinal) ? 127
                : failure.Message.Contains("permission denied", StringComparison.Ordinal) ? 126 : 128;
            container.Output.Complete();
            container.NextExit.TrySetResult(state.ExitCode);
            container.NextExit = Container.NewSignal();
            container.Save();
            if (container.Record.HostConfig.Boolean("AutoRemove") == true)
            {
                await DeleteAsync(container, withVolumes: true, CancellationToken.None);
            }

            throw;
        }

        state.Status = StateRecord.Running;
        state.StartedAt = Now;
        state.IsStoppedByHand = false;
        state.IsOutOfMemory = false;
        state.ExitCode = 0;
        Begin(container, log);
        container.Save();
        events.Container(container, "start");
    }

    private void Begin(Container container, LogWriter log)
    {
        container.RunOver = Container.NewSignal();
        container.Started.TrySetResult();
        container.Health = health.Begin(container);
        Watch(WatchAsync(container, log));
    }

    private static async ValueTask TakeAsync(Container container, LogWriter log, Frame frame)
    {
        log.Write(frame);
        await container.Output.SendAsync(frame, CancellationToken.None);
    }

    private async Task AdoptAsync(Container container, CancellationToken cancellationToken)
    {
        var state = container.Record.State;
        if (!state.IsRunning)
        {
            state.Status = state.Status is StateRecord.Restarting or StateRecord.Removing ? StateRecord.Exited : state.Status;
            return;
        }

        try
        {
            var task = (await runtime.Tasks.GetAsync(new GetTaskRequest { ContainerId = container.Id }, cancellationToken: cancellationToken)).Process;
            var log = new LogWriter(container.LogFile, options.MaxLogBytes, time);
            container.Streams = ProcessStreams.Reopen(launch.FifosOf(container.Id), container.Record.HasInput, container.Record.HasTerminal);
            state.Status = task.Status == ProcessStatus.Paused ? StateRecord.Paused : StateRecord.Running;
            StartStreams(container, log);
            Begin(container, log);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // The machine was started anew.
            (state.Status, state.ExitCode, state.FinishedAt, state.Pid) = (StateRecord.Exited, LostExitCode, Now, 0);
            await launch.PutAwayAsync(container, cancellationToken);
            container.Save();
        }
    }

    private void StartStreams(Container container, LogWriter log)
    {
        try
        {
            container.Streams!.Start(frame => TakeAsync(container, log, frame));
        }
        catch (IOException gone)
        {
            // It has just ended; what it wrote last is lost.
            Log.NoStreams(logger, container.Record.Name, gone.Message);
        }
    }

    private async Task WatchAsync(Container container, LogWriter log)
    {
        try
        {
            var (code, at) = await WaitForEndAsync(container.Id);
            await container.Gate.WaitAsync(ended.Token);
            try
            {
                await FinishAsync(container, log, code, at);
            }
            finally
            {
                container.Gate.Release();
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // It runs on without us; the next engine takes it over.
            log.Dispose();
        }
    }

    private async Task<(int Code, DateTime At)> WaitForEndAsync(string id)
    {
        while (true)
        {
            try
            {
                var exit = await runtime.Tasks.WaitAsync(new WaitRequest { ContainerId = id }, cancellationToken: ended.Token);
                return ((int)exit.ExitStatus, exit.ExitedAt?.ToDateTime() ?? Now);
            }
            catch (RpcException failure) when (failure.IsMissing())
            {
                return (LostExitCode, Now);
            }
            catch (RpcException) when (!ended.IsCancellationRequested)
            {
                // containerd is away or was started anew.
                await Task.Delay(AskAgain, time, ended.Token);
            }
            catch (RpcException) when (ended.IsCancellationRequested)
            {
                throw new OperationCanceledException(ended.Token);
            }
        }
    }

    private async Task FinishAsync(Container container, LogWriter log, int code, DateTime at)
    {
        var (record, state) = (container.Record, container.Record.State);
        health.End(container);
        state.IsOutOfMemory = Cgroups.HadToKill(launch.CgroupOf(record.Id));
        await PutAwayAsync(container, log);
        var ran = at - state.StartedAt;
        (state.Status, state.ExitCode, state.FinishedAt, state.Pid) = (StateRecord.Exited, code, at, 0);
        if (state.IsOutOfMemory)
        {
            events.Container(container, "oom");
        }

        events.Container(container, "die", ("exitCode", code.ToString(System.Globalization.CultureInfo.InvariantCulture)), ("execDuration", ((long)ran.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        var again = RestartRules.After(record, code);
        if (again)
        {
            state.Status = StateRecord.Restarting;
            container.LastDelay = RestartRules.Delay(container.LastDelay, ran);
        }

        container.Save();
        var over = container.NextExit;
        container.NextExit = Container.NewSignal();
        over.TrySetResult(code);
        container.Output.Complete();
        container.RunOver.TrySetResult(code);
        if (again)
        {
            container.RestartDelay = CancellationTokenSource.CreateLinkedTokenSource(ended.Token);
            Watch(StartAgainAsync(container, container.LastDelay));
        }
        else if (record.HostConfig.Boolean("AutoRemove") == true)
        {
            await DeleteAsync(container, withVolumes: true, CancellationToken.None);
        }
    }

    private async Task PutAwayAsync(Container container, LogWriter log)
    {
        try
        {
            await launch.DeleteTaskAsync(container.Id, CancellationToken.None);
            await container.Streams!.Drained.WaitAsync(DrainLimit, time, CancellationToken.None);
        }
        catch (Exception failure) when (failure is TimeoutException or IOException or RpcException)
        {
            Log.PutAwayFailed(logger, container.Record.Name, failure.Message);
        }

        await container.Streams!.DisposeAsync();
        container.Streams = null;
        container.Started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        log.Dispose();
        try
        {
            await launch.PutAwayAsync(container, CancellationToken.None);
        }
        catch (Exception failure) when (failure is HostCommandException or RpcException)
        {
            Log.PutAwayFailed(logger, container.Record.Name, failure.Message);
        }
    }

    private async Task StartAgainAsync(Container container, TimeSpan delay)
    {
        var stop = container.RestartDelay?.Token ?? ended.Token;
        try
        {
            await Task.Delay(delay, time, stop);
            await container.Gate.WaitAsync(stop);
            try
            {
                if (container.Record.State.IsRunning || container.IsRemoved || stop.IsCancellationRequested)
                {
                    return;
                }

                container.Record.State.RestartCount++;
                await LaunchAsync(container, ended.Token);
            }
            finally
            {
                container.Gate.Release();
            }
        }
        catch (OperationCanceledException) when (stop.IsCancellationRequested)
        {
            // Stopped, removed, or the engine ends.
        }
        catch (Exception failure) when (failure is DockerException or IOException or RpcException)
        {
            Log.NoRestart(logger, container.Record.Name, failure.Message);
        }
    }

    private async Task DeleteAsync(Container container, bool withVolumes, CancellationToken cancellationToken)
    {
        if (container.IsRemoved)
        {
            return;
        }

        container.StopWaiting();
        container.Record.State.Status = StateRecord.Removing;
        await launch.DeleteObjectAsync(container.Id, cancellationToken);
        await roots.RemoveAsync(container.Id, cancellationToken);
        containers.Remove(container);
        if (Directory.Exists(container.Directory))
        {
            Directory.Delete(container.Directory, recursive: true);
        }

        foreach (var mount in container.Record.Mounts.Where(mount => withVolumes && mount.IsAnonymous && !containers.All.Any(other => other.Record.Mounts.Any(own => own.Name == mount.Name)) && volumes.TryFind(mount.Name) is not null))
        {
            volumes.Remove(mount.Name);
        }

        events.Container(container, "destroy");
        container.NextExit.TrySetResult(container.Record.State.ExitCode);
        container.Output.Complete();
        container.Removed.TrySetResult(container.Record.State.ExitCode);
    }

    private void Watch(Task task)
    {
        watches[task] = 0;
        _ = task.ContinueWith(over => watches.TryRemove(over, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} was not put away as a whole: {Reason}")]
        public static partial void PutAwayFailed(ILogger logger, string name, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} is not started again: {Reason}")]
        public static partial void NoRestart(ILogger logger, string name, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The streams of container {Name} are gone: {Reason}")]
        public static partial void NoStreams(ILogger logger, string name, string reason);
    }
}
