using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Flotilla.Engine.Specs;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Containers;

/// <summary>What users do to containers: start, stop, kill, pause, update and remove them. Every change happens under the container's gate.</summary>
internal sealed class ContainerLife(Runtime runtime, ContainerRuns runs, ContainerRemoval removal, EventLog events, TimeProvider time)
{
    private const int KillSignal = 9;
    private const int TerminateSignal = 15;
    private static readonly TimeSpan UsualGrace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan KillLimit = TimeSpan.FromSeconds(10);

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
            await runs.LaunchAsync(container, cancellationToken);
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
        await runs.SignalAsync(container, signal ?? StopSignalOf(container.Record), cancellationToken);
        var patience = grace ?? (container.Record.Config.Integer("StopTimeout") is { } seconds ? TimeSpan.FromSeconds(seconds) : UsualGrace);
        try
        {
            await over.WaitAsync(patience < TimeSpan.Zero ? Timeout.InfiniteTimeSpan : patience, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await runs.SignalAsync(container, KillSignal, cancellationToken);
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
        await runs.SignalAsync(container, signal, cancellationToken);
        events.Container(container, "kill", ("signal", signal.ToString(CultureInfo.InvariantCulture)));
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
            await runs.SignalAsync(container, KillSignal, cancellationToken);
            await over.WaitAsync(KillLimit, time, cancellationToken);
        }

        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            await removal.RunAsync(container, withVolumes, cancellationToken);
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
}
