using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Engine.Specs;
using Flotilla.Engine.Streams;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Execs;

/// <summary>Starts processes in running containers, docker's and tasks', and waits for their end.</summary>
internal sealed class ExecRunner(Runtime runtime, EngineOptions options, ContainerStore containers, TimeProvider time)
{
    private static readonly TimeSpan DrainLimit = TimeSpan.FromSeconds(5);

    /// <returns>When the process has started.</returns>
    /// <exception cref="DockerException">It does not start, with the runtime's words.</exception>
    public async Task StartAsync(Exec exec, CancellationToken cancellationToken)
    {
        var streams = ProcessStreams.Create(FifosOf(exec.Id), exec.HasInput, exec.HasTerminal);
        try
        {
            streams.Start(frame => exec.Output.SendAsync(frame, CancellationToken.None));
            await runtime.Tasks.ExecAsync(
                new ExecProcessRequest
                {
                    ContainerId = exec.ContainerId, ExecId = exec.Id, Terminal = exec.HasTerminal, Stdin = streams.InputPath, Stdout = streams.OutputPath, Stderr = streams.ErrorPath,
                    Spec = Runtime.Specification("Process", await ProcessAsync(exec, cancellationToken)),
                },
                cancellationToken: cancellationToken);
            var started = await runtime.Tasks.StartAsync(new StartRequest { ContainerId = exec.ContainerId, ExecId = exec.Id }, cancellationToken: cancellationToken);
            streams.ReleaseKeepers();
            (exec.Streams, exec.Pid, exec.IsStarted) = (streams, (int)started.Pid, true);
        }
        catch (Exception failure)
        {
            await streams.DisposeAsync();
            await ForgetAsync(exec);
            var said = failure is RpcException refused ? refused.Status.Detail : failure.Message;
            exec.ExitCode = StartFailures.ExitCode(said);
            exec.Output.Complete();
            throw failure is RpcException ? DockerException.BadRequest(said) : failure;
        }
    }

    /// <summary>To the end of the process and of its output.</summary>
    public async Task FinishAsync(Exec exec, CancellationToken cancellationToken)
    {
        try
        {
            var exit = await runtime.Tasks.WaitAsync(new WaitRequest { ContainerId = exec.ContainerId, ExecId = exec.Id }, cancellationToken: cancellationToken);
            exec.ExitCode = (int)exit.ExitStatus;
        }
        catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
        {
            // Its container has ended, and it with that.
            exec.ExitCode = failure.IsMissing() ? 137 : 255;
        }

        await ForgetAsync(exec);
        try
        {
            await exec.Streams!.Drained.WaitAsync(DrainLimit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // A child of it holds its output open.
        }

        await exec.Streams!.DisposeAsync();
        exec.Output.Complete();
    }

    /// <summary>A command to its end, with the beginning of its output.</summary>
    /// <exception cref="TimeoutException">It took too long, and was killed.</exception>
    public async Task<(int ExitCode, string Output)> CaptureAsync(Container container, IReadOnlyList<string> command, int mostBytes, TimeSpan limit, CancellationToken cancellationToken)
    {
        var exec = new Exec(Ids.New(), container.Id, new JsonObject { ["Cmd"] = WireJson.Array(command.Select(word => (JsonNode)word)) });
        var listener = exec.Output.Listen();
        var reading = ReadAsync();
        await StartAsync(exec, cancellationToken);
        var finishing = FinishAsync(exec, cancellationToken);
        try
        {
            await finishing.WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            await runtime.Tasks.KillAsync(new KillRequest { ContainerId = exec.ContainerId, ExecId = exec.Id, Signal = 9 }, cancellationToken: cancellationToken);
            await finishing;
            throw;
        }

        return (exec.ExitCode ?? 0, await reading);

        async Task<string> ReadAsync()
        {
            using var bytes = new MemoryStream();
            await foreach (var frame in listener.Reader.ReadAllAsync(cancellationToken))
            {
                bytes.Write(frame.Data.Span[..(int)Math.Min(frame.Data.Length, mostBytes - bytes.Length)]);
            }

            return Encoding.UTF8.GetString(bytes.ToArray());
        }
    }

    private string FifosOf(string id) => Path.Combine(options.FifoDirectory, "exec-" + id[..32]);

    private async Task ForgetAsync(Exec exec)
    {
        try
        {
            await runtime.Tasks.DeleteProcessAsync(new DeleteProcessRequest { ContainerId = exec.ContainerId, ExecId = exec.Id });
        }
        catch (RpcException)
        {
            // Its container has gone, or it never was.
        }
    }

    private async Task<JsonObject> ProcessAsync(Exec exec, CancellationToken cancellationToken)
    {
        if (containers.TryFind(exec.ContainerId) is { } container)
        {
            return Process(exec, container.Record, container.Record.State.Pid);
        }

        // A task's process is like its first one.
        var known = (await runtime.Containers.GetAsync(new GetContainerRequest { Id = exec.ContainerId }, cancellationToken: cancellationToken)).Container;
        var process = (JsonNode.Parse(known.Spec.Value.Span) as JsonObject).Object("process")!.Copy();
        process["args"] = WireJson.Array(exec.Command.Select(word => (JsonNode)word));
        process["terminal"] = exec.HasTerminal;
        process["env"] = WireJson.Array((process.Array("env") ?? []).Select(line => line?.DeepClone()).Concat((exec.Config.Array("Env") ?? []).Select(line => line?.DeepClone())).Concat(exec.HasTerminal ? [(JsonNode)"TERM=xterm"] : []));
        if (exec.Config.String("WorkingDir") is { Length: > 0 } directory)
        {
            process["cwd"] = directory;
        }

        return process;
    }

    private static JsonObject Process(Exec exec, ContainerRecord record, int pid)
    {
        var root = $"/proc/{pid}/root";
        var user = UserIdentity.Find(exec.Config.String("User") is { Length: > 0 } given ? given : record.Config.String("User") ?? "", Lines(root, "/etc/passwd"), Lines(root, "/etc/group"));
        var directory = exec.Config.String("WorkingDir") is { Length: > 0 } asked ? asked : record.Config.String("WorkingDir") is { Length: > 0 } own ? own : "/";
        var environment = SpecBuilder.Environment(record, user.Home, record.Config.String("Hostname") ?? "", exec.HasTerminal, (exec.Config.Array("Env") ?? []).Select(line => line.AsString() ?? ""));
        return SpecBuilder.ProcessOf(record, user, exec.Command, directory, environment, exec.HasTerminal, exec.Config.Boolean("Privileged") == true);
    }

    private static IReadOnlyList<string> Lines(string root, string path)
    {
        var file = ScopedPath.Resolve(root, path);
        return File.Exists(file) ? File.ReadAllLines(file) : [];
    }
}
