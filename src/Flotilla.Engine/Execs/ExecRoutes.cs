using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Streams;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Execs;

/// <summary><c>docker exec</c>.</summary>
internal sealed class ExecRoutes(Runtime runtime, ContainerStore containers, TaskContainers tasks, ExecRunner runner, EventLog events) : IAsyncDisposable
{
    private const int MostKept = 4096;
    private readonly ConcurrentDictionary<string, Exec> all = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> running = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource ended = new();

    public IEnumerable<Route> All =>
    [
        new("POST", "/containers/{id}/exec", CreateAsync),
        new("POST", "/exec/{id}/start", StartAsync),
        new("POST", "/exec/{id}/resize", ResizeAsync),
        new("GET", "/exec/{id}/json", (request, _) => Task.FromResult(DockerAnswer.Json(View(Find(request.Id))))),
    ];

    public IEnumerable<string> IdsOf(string container) => all.Values.Where(exec => exec.ContainerId == container && exec.IsRunning).Select(exec => exec.Id);

    public async ValueTask DisposeAsync()
    {
        await ended.CancelAsync();
        await Task.WhenAll(running.Values).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        ended.Dispose();
    }

    private Exec Find(string id) => all.GetValueOrDefault(id) ?? throw new DockerException(404, $"No such exec instance: {id}");

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var config = await request.BodyAsync(cancellationToken);
        var container = await RunningAsync(request.Id, cancellationToken);
        if (config.Array("Cmd") is not { Count: > 0 })
        {
            throw DockerException.BadRequest("No exec command specified");
        }

        foreach (var over in all.Values.Where(_ => all.Count >= MostKept).Where(exec => exec.ExitCode is not null))
        {
            all.TryRemove(over.Id, out _);
        }

        var exec = new Exec(Ids.New(), container, config);
        all[exec.Id] = exec;
        Tell(exec, "exec_create: " + string.Join(' ', exec.Command));
        return DockerAnswer.Json(new JsonObject { ["Id"] = exec.Id }, 201);
    }

    private async Task<string> RunningAsync(string word, CancellationToken cancellationToken)
    {
        if (containers.TryFind(word) is { } container)
        {
            return container.Record.State.Status switch
            {
                StateRecord.Running => container.Id,
                StateRecord.Paused => throw new DockerException(409, $"container {container.Id} is paused, unpause the container before exec"),
                StateRecord.Restarting => throw new DockerException(409, $"Container {container.Id} is restarting, wait until the container is running"),
                _ => throw new DockerException(409, $"container {container.Id} is not running"),
            };
        }

        var task = await tasks.FindAsync(word, cancellationToken) ?? throw new DockerException(404, $"No such container: {word}");
        return task.IsRunning ? task.Id : throw new DockerException(409, $"container {task.Id} is not running");
    }

    private async Task<DockerAnswer> StartAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var exec = Find(request.Id);
        var body = await request.BodyAsync(cancellationToken);
        if (!exec.TryBegin())
        {
            throw new DockerException(409, $"Error: Exec command {exec.Id} is already running");
        }

        if (body.Boolean("Detach") == true)
        {
            await BeginAsync(exec, cancellationToken);
            return DockerAnswer.Ok();
        }

        // The client has its connection by then, so what goes wrong is told on it; the exit code says it too.
        return DockerAnswer.Connection(Attachment.ContentType(exec.HasTerminal), (stream, token) => ServeAsync(exec, stream, token));
    }

    private async Task BeginAsync(Exec exec, CancellationToken cancellationToken)
    {
        Tell(exec, "exec_start: " + string.Join(' ', exec.Command));
        await runner.StartAsync(exec, cancellationToken);
        running[exec.Id] = FinishAsync(exec);
    }

    private async Task ServeAsync(Exec exec, Stream stream, CancellationToken cancellationToken)
    {
        var attachment = new Attachment(exec.Output, exec.Output.Listen(), () => exec.Streams?.Input, exec.HasTerminal)
        {
            CloseInputAsync = () => CloseInputAsync(exec),
            DetachKeys = DetachKeys.Parse(exec.Config.String("DetachKeys")),
        };
        try
        {
            await BeginAsync(exec, cancellationToken);
        }
        catch (DockerException refused)
        {
            var said = new Frame(Frame.Output, System.Text.Encoding.UTF8.GetBytes(refused.Message + "\r\n"));
            await stream.WriteAsync(exec.HasTerminal ? said.Data : said.Multiplexed(), cancellationToken);
            return;
        }

        await attachment.ServeAsync(stream, exec.HasInput, cancellationToken);
    }

    private async ValueTask CloseInputAsync(Exec exec)
    {
        if (!exec.HasTerminal && exec.Streams is { } streams)
        {
            await streams.CloseInputAsync();
            await runtime.EndInputAsync(exec.ContainerId, exec.Id);
        }
    }

    private async Task FinishAsync(Exec exec)
    {
        try
        {
            await runner.FinishAsync(exec, ended.Token);
            Tell(exec, "exec_die", ("execID", exec.Id), ("exitCode", (exec.ExitCode ?? 0).ToString(System.Globalization.CultureInfo.InvariantCulture)));
        }
        finally
        {
            running.TryRemove(exec.Id, out _);
        }
    }

    private async Task<DockerAnswer> ResizeAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var exec = Find(request.Id);
        await runtime.Tasks.ResizePtyAsync(new ResizePtyRequest { ContainerId = exec.ContainerId, ExecId = exec.Id, Width = TerminalSize.Of(request, "w"), Height = TerminalSize.Of(request, "h") }, cancellationToken: cancellationToken);
        return DockerAnswer.Ok();
    }

    private void Tell(Exec exec, string action, params IEnumerable<(string Name, string Value)> more)
    {
        if (containers.TryFind(exec.ContainerId) is { } container)
        {
            events.Container(container, action, more);
        }
    }

    private static JsonObject View(Exec exec) => new()
    {
        ["ID"] = exec.Id,
        ["Running"] = exec.IsRunning,
        ["ExitCode"] = exec.ExitCode,
        ["ProcessConfig"] = new JsonObject
        {
            ["tty"] = exec.HasTerminal, ["entrypoint"] = exec.Command[0], ["arguments"] = WireJson.Array(exec.Command.Skip(1).Select(word => (JsonNode)word)),
            ["privileged"] = exec.Config.Boolean("Privileged") == true, ["user"] = exec.Config.String("User") ?? "",
        },
        ["OpenStdin"] = exec.HasInput,
        ["OpenStderr"] = exec.Config.Boolean("AttachStderr") == true,
        ["OpenStdout"] = exec.Config.Boolean("AttachStdout") == true,
        ["CanRemove"] = exec.ExitCode is not null,
        ["ContainerID"] = exec.ContainerId,
        ["DetachKeys"] = "",
        ["Pid"] = exec.Pid,
    };
}
