using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Linux.Commands;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Machines;

/// <summary><c>docker top</c>: the machine's <c>ps</c>, of it the container's processes.</summary>
internal sealed class ProcessRoutes(Runtime runtime, ContainerStore containers, TaskContainers tasks)
{
    public IEnumerable<Route> All => [new("GET", "/containers/{id}/top", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var (id, isRunning) = containers.TryFind(request.Id) is { } own ? (own.Id, own.Record.State.IsRunning)
            : await tasks.FindAsync(request.Id, cancellationToken) is { } task ? (task.Id, task.IsRunning)
            : throw new DockerException(404, $"No such container: {request.Id}");
        if (!isRunning)
        {
            throw new DockerException(409, $"container {id} is not running");
        }

        var arguments = (request.Query("ps_args") is { Length: > 0 } given ? given : "-ef").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var pids = (await runtime.Tasks.ListPidsAsync(new ListPidsRequest { ContainerId = id }, cancellationToken: cancellationToken)).Processes.Select(process => process.Pid.ToString(CultureInfo.InvariantCulture)).ToHashSet(StringComparer.Ordinal);
        string output;
        try
        {
            output = await ThisMachine.Commands.DoAsync("ps", arguments, cancellationToken);
        }
        catch (CommandException failure)
        {
            throw new DockerException(500, "error running ps: " + failure.Message);
        }

        return DockerAnswer.Json(Table(output, pids));
    }

    internal static JsonObject Table(string output, IReadOnlySet<string> pids)
    {
        var lines = output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var titles = lines[0].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var column = Array.IndexOf(titles, "PID");
        if (column < 0)
        {
            throw new DockerException(500, "couldn't find PID field in ps output");
        }

        var rows = lines.Skip(1).Select(line => line.Split(' ', titles.Length, StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).Where(row => row.Length > column && pids.Contains(row[column]));
        return new JsonObject
        {
            ["Titles"] = WireJson.Array(titles.Select(title => (JsonNode)title)),
            ["Processes"] = WireJson.Array(rows.Select(row => WireJson.Array(row.Select(field => (JsonNode)field)))),
        };
    }
}
