using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Images;
using Flotilla.Engine.Volumes;

namespace Flotilla.Engine.Machines;

/// <summary><c>docker system df</c>.</summary>
internal sealed class DiskRoutes(ImageCatalog images, ImageUsers users, ContainerStore containers, VolumeStore volumes, VolumeUsers volumeUsers, VolumeRoutes volumeRoutes, RootFileSystem roots, ContainerView view)
{
    public IEnumerable<Route> All => [new("GET", "/system/df", AnswerAsync)];

    private async Task<DockerAnswer> AnswerAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var kinds = request.Context.Request.Query["type"].OfType<string>().ToList();
        var answer = new JsonObject { ["LayersSize"] = 0 };
        if (Wants("image"))
        {
            var all = await images.ListAsync(cancellationToken);
            var used = await users.ListAsync(cancellationToken);
            var layers = all.SelectMany(image => image.Content.Chains.Zip(image.LayerSizes)).ToLookup(layer => layer.First, layer => layer.Second, StringComparer.Ordinal);
            answer["LayersSize"] = layers.Sum(layer => layer.First());
            answer["Images"] = WireJson.Array(all.Select(image => image.Summary(
                used[image.Id].Count(), image.Tags, image.Content.Chains.Zip(image.LayerSizes).Where(layer => layers[layer.First].Count() > 1).Sum(layer => layer.Second))));
        }

        if (Wants("container"))
        {
            JsonArray shown = [];
            foreach (var container in containers.All)
            {
                shown.Add((JsonNode)view.Summary(container, await roots.OwnBytesAsync(container.Id, cancellationToken)));
            }

            answer["Containers"] = shown;
        }

        if (Wants("volume"))
        {
            var mounted = await volumeUsers.ListAsync(cancellationToken);
            answer["Volumes"] = WireJson.Array(volumes.All.Where(volume => volume.Options.Count == 0).Select(volume => View(volume, mounted[volume.Name].Count())));
        }

        if (Wants("build-cache"))
        {
            answer["BuildCache"] = new JsonArray();
        }

        return DockerAnswer.Json(answer);

        bool Wants(string kind) => kinds.Count == 0 || kinds.Contains(kind);
    }

    private JsonObject View(VolumeRecord volume, int count)
    {
        var shown = volumeRoutes.View(volume);
        shown["UsageData"] = new JsonObject { ["Size"] = DiskUse.Of(volumes.DirectoryOf(volume.Name)), ["RefCount"] = count };
        return shown;
    }
}
