using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Events;

namespace Flotilla.Engine.Volumes;

/// <summary><c>docker volume</c>.</summary>
internal sealed class VolumeRoutes(VolumeStore volumes, VolumeMounts mounts, VolumeUsers users, EventLog events)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/volumes", ListAsync),
        new("GET", "/volumes/{id}", (request, _) => Task.FromResult(DockerAnswer.Json(View(volumes.Find(request.Id))))),
        new("POST", "/volumes/create", CreateAsync),
        new("DELETE", "/volumes/{id}", RemoveAsync),
        new("POST", "/volumes/prune", PruneAsync),
    ];

    public JsonObject View(VolumeRecord volume) => new()
    {
        ["CreatedAt"] = volume.Created.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
        ["Driver"] = "local",
        ["Labels"] = volume.Labels.Copy(),
        ["Mountpoint"] = volumes.DirectoryOf(volume.Name),
        ["Name"] = volume.Name,
        ["Options"] = volume.Options.Count == 0 ? null : volume.Options.Copy(),
        ["Scope"] = "local",
    };

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "dangling", "driver", "label", "name");
        var dangling = filters.Truth("dangling");
        var used = await users.ListAsync(cancellationToken);
        var shown = volumes.All.Where(volume => filters.Is("driver", "local") && filters.Labels("label", LabelsOf(volume))
            && (!filters.Has("name") || filters["name"].Any(name => volume.Name.Contains(name, StringComparison.Ordinal)))
            && (dangling is not { } wanted || wanted != used.Contains(volume.Name)));
        return DockerAnswer.Json(new JsonObject { ["Volumes"] = WireJson.Array(shown.Select(View)), ["Warnings"] = null });
    }

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var spec = await request.BodyAsync(cancellationToken);
        return DockerAnswer.Json(View(volumes.Create(spec.String("Name") ?? "", spec)), 201);
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        if (volumes.TryFind(request.Id) is not { } volume)
        {
            return request.Flag("force") ? DockerAnswer.NoContent() : throw new DockerException(404, $"get {request.Id}: no such volume");
        }

        if ((await users.ListAsync(cancellationToken))[volume.Name].ToList() is { Count: > 0 } holders)
        {
            throw VolumeMounts.InUse(volume.Name, holders);
        }

        await mounts.RemoveAsync(volume.Name, cancellationToken);
        return DockerAnswer.NoContent();
    }

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "all", "label", "label!");
        var all = filters.Truth("all") == true;
        var used = await users.ListAsync(cancellationToken);
        JsonArray deleted = [];
        var bytes = 0L;
        // As dockerd: those with options have nothing on this disk that would be won back.
        foreach (var volume in volumes.All.Where(volume => (all || volume.IsAnonymous) && volume.Options.Count == 0 && !used.Contains(volume.Name) && filters.Labels("label", LabelsOf(volume)) && filters.Without("label!", LabelsOf(volume))))
        {
            var size = DiskUse.Of(volumes.DirectoryOf(volume.Name));
            try
            {
                await mounts.RemoveAsync(volume.Name, cancellationToken);
            }
            catch (DockerException)
            {
                // Somebody has come to use it, or has mounted something in it.
                continue;
            }

            bytes += size;
            deleted.Add((JsonNode)volume.Name);
        }

        events.Add("volume", "prune", "", ("reclaimed", bytes.ToString(CultureInfo.InvariantCulture)));
        return DockerAnswer.Json(new JsonObject { ["VolumesDeleted"] = deleted, ["SpaceReclaimed"] = bytes });
    }

    private static Dictionary<string, string> LabelsOf(VolumeRecord volume) => volume.Labels.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);
}
