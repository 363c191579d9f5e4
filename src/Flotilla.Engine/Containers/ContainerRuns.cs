using System.Collections.Concurrent;
using System.Globalization;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Flotilla.Engine.Health;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Logs;
using Flotilla.Engine.Streams;
using Flotilla.Linux.Commands;
using Flotilla.Linux.Containerd;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine.Containers;

/// <summary>
/// From a container's start to its end, and to the next start. Each that runs has one watch, which waits for its end, puts it away and starts it again
/// where its restart policy says so. Ending the engine leaves them running.
/// </summary>
internal sealed partial class ContainerRuns(
    Runtime runtime, EngineOptions options, ContainerStore containers, ContainerLaunch launch, ContainerRemoval removal, HealthChecks health, EventLog events, TimeProvider time, ILogger<ContainerRuns> logger) : IAsyncDisposable
{
    private const int LostExitCode = 255;
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan AskAgain = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<Task, byte> watches = [];
    private readonly CancellationTokenSource ended = new();

    private DateTime Now => time.GetUtcNow().UtcDateTime;

    /// <summary>Takes over what an earlier engine has started, and starts what should run.</summary>
    public async Task RestoreAsync(CancellationToken cancellationToken)
    {
        foreach (var container in containers.All.ToList())
        {
            try
            {
                await AdoptAsync(container, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                // The others are not to wait for it.
                container.Record.State.Error = failure.Message;
                Log.NotAdopted(logger, container.Record.Name, failure.Message);
            }
        }

        foreach (var container in containers.All.Where(container => !container.Record.State.IsRunning && RestartRules.AtStart(container.Record)))
        {
            Watch(StartAgainAsync(container, TimeSpan.Zero));
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

    /// <summary>Under its gate. What goes wrong is kept as its state.</summary>
    /// <exception cref="DockerException">It does not start.</exception>
    public async Task LaunchAsync(Container container, CancellationToken cancellationToken)
    {
        var state = container.Record.State;
        var log = new LogWriter(container.LogFile, LogSettings.Of(container.Record.HostConfig, options.MaxLogBytes), time);
        state.Error = "";
        try
        {
            await launch.RunAsync(container, frame => TakeAsync(container, log, frame), cancellationToken);
        }
        catch (Exception failure)
        {
            log.Dispose();
            (state.Status, state.Error, state.Pid) = (state.Status == StateRecord.Created ? StateRecord.Created : StateRecord.Exited, failure.Message, 0);
            state.ExitCode = StartFailures.ExitCode(failure.Message);
            container.Output.Complete();
            container.NextExit.TrySetResult(state.ExitCode);
            container.NextExit = Container.NewSignal();
            container.Save();
            if (container.Record.HostConfig.Boolean("AutoRemove") == true)
            {
                await removal.RunAsync(container, withVolumes: true, CancellationToken.None);
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
            await launch.EndStrayAsync(container, cancellationToken);
            return;
        }

        try
        {
            var task = (await runtime.Tasks.GetAsync(new GetTaskRequest { ContainerId = container.Id }, cancellationToken: cancellationToken)).Process;
            var log = new LogWriter(container.LogFile, LogSettings.Of(container.Record.HostConfig, options.MaxLogBytes), time);
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
            await container.Streams!.StopAsync().WaitAsync(DrainLimit, time, CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
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

        events.Container(container, "die", ("exitCode", code.ToString(CultureInfo.InvariantCulture)), ("execDuration", ((long)ran.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
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
            await removal.RunAsync(container, withVolumes: true, CancellationToken.None);
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
        catch (Exception failure) when (failure is CommandException or RpcException or DockerException)
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

                container.Record.State.RestartCount += container.RestartDelay is null ? 0 : 1;
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

    private void Watch(Task task)
    {
        watches[task] = 0;
        _ = task.ContinueWith(over => watches.TryRemove(over, out _), CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} was not put away as a whole: {Reason}")]
        public static partial void PutAwayFailed(ILogger logger, string name, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "Container {Name} could not be taken over: {Reason}")]
        public static partial void NotAdopted(ILogger logger, string name, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Container {Name} is not started again: {Reason}")]
        public static partial void NoRestart(ILogger logger, string name, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The streams of container {Name} are gone: {Reason}")]
        public static partial void NoStreams(ILogger logger, string name, string reason);
    }
}
