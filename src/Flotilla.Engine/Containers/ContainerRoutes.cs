using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Events;
using Flotilla.Engine.Execs;

namespace Flotilla.Engine.Containers;

/// <summary><c>docker start, stop, restart, kill, pause, unpause, wait, rename, rm, inspect, update, container prune</c>.</summary>
internal sealed class ContainerRoutes(ContainerStore containers, TaskContainers tasks, ContainerLife life, RootFileSystem roots, ContainerView view, ExecRoutes execs, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/containers/{id}/json", InspectAsync),
        new("POST", "/containers/{id}/start", async (request, token) => await life.StartAsync(containers.Find(request.Id), token) ? DockerAnswer.NoContent() : NotModified()),
        new("POST", "/containers/{id}/stop", async (request, token) => await life.StopAsync(containers.Find(request.Id), Signals.Parse(request.Query("signal")), Grace(request), token) ? DockerAnswer.NoContent() : NotModified()),
        new("POST", "/containers/{id}/restart", async (request, token) =>
        {
            await life.RestartAsync(containers.Find(request.Id), Signals.Parse(request.Query("signal")), Grace(request), token);
            return DockerAnswer.NoContent();
        }),
        new("POST", "/containers/{id}/kill", async (request, token) =>
        {
            await life.KillAsync(containers.Find(request.Id), Signals.Parse(request.Query("signal")) ?? 9, token);
            return DockerAnswer.NoContent();
        }),
        new("POST", "/containers/{id}/pause", (request, token) => PauseAsync(request, pause: true, token)),
        new("POST", "/containers/{id}/unpause", (request, token) => PauseAsync(request, pause: false, token)),
        new("POST", "/containers/{id}/wait", (request, _) => Task.FromResult(Wait(request))),
        new("POST", "/containers/{id}/rename", RenameAsync),
        new("POST", "/containers/{id}/update", UpdateAsync),
        new("DELETE", "/containers/{id}", async (request, token) =>
        {
            await life.RemoveAsync(containers.Find(request.Id), request.Flag("force"), request.Flag("v"), token);
            return DockerAnswer.NoContent();
        }),
        new("POST", "/containers/prune", PruneAsync),
    ];

    private static DockerAnswer NotModified() => new(304, null);

    private static TimeSpan? Grace(DockerRequest request) =>
        int.TryParse(request.Query("t"), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var seconds) ? TimeSpan.FromSeconds(seconds) : null;

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        if (containers.TryFind(request.Id) is { } container)
        {
            long? bytes = request.Flag("size") ? await roots.OwnBytesAsync(container.Id, cancellationToken) : null;
            return DockerAnswer.Json(view.Details(container, execs.IdsOf(container.Id), bytes));
        }

        var task = await tasks.FindAsync(request.Id, cancellationToken) ?? throw new DockerException(404, $"No such container: {request.Id}");
        return DockerAnswer.Json(ContainerView.TaskDetails(task, await tasks.StatusAsync(task.Id, cancellationToken)));
    }

    private async Task<DockerAnswer> PauseAsync(DockerRequest request, bool pause, CancellationToken cancellationToken)
    {
        await life.PauseAsync(containers.Find(request.Id), pause, cancellationToken);
        return DockerAnswer.NoContent();
    }

    // The headers go out at once: the client starts the container when it has them.
    private DockerAnswer Wait(DockerRequest request)
    {
        var container = containers.Find(request.Id);
        var over = request.Query("condition") switch
        {
            "next-exit" => container.NextExit.Task,
            "removed" => container.Removed.Task,
            null or "" or "not-running" => container.Record.State.IsRunning || container.Record.State.Status == StateRecord.Restarting ? container.NextExit.Task : Task.FromResult(container.Record.State.ExitCode),
            var unknown => throw DockerException.BadRequest($"invalid condition: \"{unknown}\""),
        };
        return DockerAnswer.Stream(async (response, token) =>
        {
            response.ContentType = DockerAnswer.JsonType;
            await response.Body.FlushAsync(token);
            var code = await over.WaitAsync(token);
            await response.Body.WriteAsync(WireJson.Bytes(new JsonObject { ["StatusCode"] = code }), token);
        });
    }

    private async Task<DockerAnswer> RenameAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var container = containers.Find(request.Id);
        if (request.Query("name") is not { Length: > 0 } wanted)
        {
            throw DockerException.BadRequest("neither old nor new names may be empty");
        }

        var name = ContainerNames.Checked(wanted);
        await container.Gate.WaitAsync(cancellationToken);
        try
        {
            var before = container.Record.Name;
            if (before == name)
            {
                throw DockerException.BadRequest("renaming a container with the same name as its current name");
            }

            containers.Rename(container, name);
            container.Save();
            events.Container(container, "rename", ("oldName", "/" + before));
            return DockerAnswer.NoContent();
        }
        finally
        {
            container.Gate.Release();
        }
    }

    private async Task<DockerAnswer> UpdateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var body = await request.BodyAsync(cancellationToken);
        await life.UpdateAsync(containers.Find(request.Id), body, cancellationToken);
        return DockerAnswer.Json(new JsonObject { ["Warnings"] = new JsonArray() });
    }

    /// <summary>Whether it is over and one of those that the filters mean. Pure.</summary>
    internal static bool IsPruned(ContainerRecord record, Filters filters, DateTime until) =>
        !record.State.IsRunning && record.State.Status != StateRecord.Restarting && record.Created < until
        && filters.Labels("label", record.Labels) && filters.Without("label!", record.Labels);

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "label", "label!", "until");
        var until = UntilFilter.Parse(filters, time.GetUtcNow().UtcDateTime);
        JsonArray deleted = [];
        var bytes = 0L;
        foreach (var container in containers.All.Where(container => IsPruned(container.Record, filters, until)).ToList())
        {
            bytes += await roots.OwnBytesAsync(container.Id, cancellationToken);
            await life.RemoveAsync(container, force: false, withVolumes: false, cancellationToken);
            deleted.Add((JsonNode)container.Id);
        }

        return DockerAnswer.Json(new JsonObject { ["ContainersDeleted"] = deleted.Count == 0 ? null : deleted, ["SpaceReclaimed"] = bytes });
    }
}
