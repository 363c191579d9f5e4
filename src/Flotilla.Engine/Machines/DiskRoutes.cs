using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Images;
using Flotilla.Engine.Volumes;

namespace Flotilla.Engine.Machines;

/// <summary><c>docker system df</c>.</summary>
internal sealed class DiskRoutes(ImageCatalog images, ContainerStore containers, VolumeStore volumes, VolumeRoutes volumeRoutes, RootFileSystem roots, ContainerView view)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/system/df", AnswerAsync),
        new("POST", "/build/prune", (_, _) => Task.FromResult(DockerAnswer.Json(new JsonObject { ["CachesDeleted"] = null, ["SpaceReclaimed"] = 0 }))),
    ];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var all = await images.ListAsync(cancellationToken);
        JsonArray shown = [];
        foreach (var container in containers.All)
        {
            shown.Add((JsonNode)view.Summary(container, await roots.OwnBytesAsync(container.Id, cancellationToken)));
        }

        return DockerAnswer.Json(new JsonObject
        {
            ["LayersSize"] = all.Sum(image => image.Content.Size),
            ["Images"] = WireJson.Array(all.Select(image => image.Summary(containers.All.Count(container => container.Record.ImageId == image.Id)))),
            ["Containers"] = shown,
            ["Volumes"] = WireJson.Array(volumes.All.Select(View)),
            ["BuildCache"] = new JsonArray(),
        });
    }

    private JsonObject View(VolumeRecord volume)
    {
        var shown = volumeRoutes.View(volume);
        shown["UsageData"] = new JsonObject
        {
            ["Size"] = DiskUse.Of(volumes.DirectoryOf(volume.Name)),
            ["RefCount"] = containers.All.Count(container => container.Record.Mounts.Any(mount => mount.Type == "volume" && mount.Name == volume.Name)),
        };
        return shown;
    }
}
