using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;

namespace Flotilla.Engine.Volumes;

/// <summary><c>docker volume</c>.</summary>
internal sealed class VolumeRoutes(VolumeStore volumes, ContainerStore containers, EventLog events)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/volumes", (request, _) => Task.FromResult(List(request))),
        new("GET", "/volumes/{id}", (request, _) => Task.FromResult(DockerAnswer.Json(View(volumes.Find(request.Id))))),
        new("POST", "/volumes/create", CreateAsync),
        new("DELETE", "/volumes/{id}", (request, _) => Task.FromResult(Remove(request))),
        new("POST", "/volumes/prune", (request, _) => Task.FromResult(Prune(request))),
    ];

    public JsonObject View(VolumeRecord volume) => new()
    {
        ["CreatedAt"] = volume.Created.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture),
        ["Driver"] = "local",
        ["Labels"] = volume.Labels.Copy(),
        ["Mountpoint"] = volumes.DirectoryOf(volume.Name),
        ["Name"] = volume.Name,
        ["Options"] = volume.Options.Count == 0 ? null : volume.Options.Copy(),
        ["Scope"] = "local",
    };

    private DockerAnswer List(DockerRequest request)
    {
        var filters = Filters.Parse(request.Query("filters"), "dangling", "driver", "label", "name");
        var shown = volumes.All.Where(volume => filters.Is("driver", "local") && filters.Labels("label", LabelsOf(volume))
            && (!filters.Has("name") || filters["name"].Any(name => volume.Name.Contains(name, StringComparison.Ordinal)))
            && (!filters.Has("dangling") || (filters["dangling"][0] is "true" or "1") == !UsersOf(volume).Any()));
        return DockerAnswer.Json(new JsonObject { ["Volumes"] = WireJson.Array(shown.Select(View)), ["Warnings"] = null });
    }

    private async Task<DockerAnswer> CreateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var spec = await request.BodyAsync(cancellationToken);
        var volume = volumes.Create(spec.String("Name") ?? "", spec, out var isNew);
        if (isNew)
        {
            events.Add("volume", "create", volume.Name, ("driver", "local"));
        }

        return DockerAnswer.Json(View(volume), 201);
    }

    private DockerAnswer Remove(DockerRequest request)
    {
        if (volumes.TryFind(request.Id) is not { } volume)
        {
            return request.Flag("force") ? DockerAnswer.NoContent() : throw new DockerException(404, $"get {request.Id}: no such volume");
        }

        if (UsersOf(volume).Select(user => user.Id).ToList() is { Count: > 0 } users)
        {
            throw new DockerException(409, $"remove {volume.Name}: volume is in use - [{string.Join(", ", users)}]");
        }

        volumes.Remove(volume.Name);
        events.Add("volume", "destroy", volume.Name, ("driver", "local"));
        return DockerAnswer.NoContent();
    }

    private DockerAnswer Prune(DockerRequest request)
    {
        var filters = Filters.Parse(request.Query("filters"), "all", "label", "label!");
        var all = filters.Has("all") && filters["all"][0] is "true" or "1";
        JsonArray deleted = [];
        var bytes = 0L;
        foreach (var volume in volumes.All.Where(volume => (all || volume.IsAnonymous) && !UsersOf(volume).Any() && filters.Labels("label", LabelsOf(volume))))
        {
            bytes += DiskUse.Of(volumes.DirectoryOf(volume.Name));
            volumes.Remove(volume.Name);
            events.Add("volume", "destroy", volume.Name, ("driver", "local"));
            deleted.Add((JsonNode)volume.Name);
        }

        return DockerAnswer.Json(new JsonObject { ["VolumesDeleted"] = deleted, ["SpaceReclaimed"] = bytes });
    }

    private IEnumerable<Container> UsersOf(VolumeRecord volume) => containers.All.Where(container => container.Record.Mounts.Any(mount => mount.Type == "volume" && mount.Name == volume.Name));

    private static Dictionary<string, string> LabelsOf(VolumeRecord volume) => volume.Labels.ToDictionary(label => label.Key, label => label.Value?.ToString() ?? "", StringComparer.Ordinal);
}
