using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Building;
using Flotilla.Engine.Events;

namespace Flotilla.Engine.Images;

/// <summary><c>docker images, inspect, history, tag, rmi, image prune</c>.</summary>
internal sealed class ImageRoutes(ImageCatalog images, ImageUsers users, BuildCache cache, EventLog events, TimeProvider time)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/images/json", ListAsync),
        new("GET", "/images/{name*}/json", async (request, token) => DockerAnswer.Json((await images.FindAsync(request.Words["name"], token)).Details())),
        new("GET", "/images/{name*}/history", async (request, token) => DockerAnswer.Json((await images.FindAsync(request.Words["name"], token)).History())),
        new("POST", "/images/{name*}/tag", TagAsync),
        new("DELETE", "/images/{name*}", RemoveAsync),
        new("POST", "/images/prune", PruneAsync),
        new("GET", "/images/search", (_, _) => throw new DockerException(501, "Flotilla does not search registries; look an image up on its registry's own pages")),
    ];

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = ImageFilters.ForList(request.Query("filters"), time.GetUtcNow().UtcDateTime);
        var before = DateTime.MaxValue;
        foreach (var word in filters.Before)
        {
            before = (await images.FindAsync(word, cancellationToken)).Created;
        }

        var since = DateTime.MinValue;
        foreach (var word in filters.Since)
        {
            since = (await images.FindAsync(word, cancellationToken)).Created;
        }

        var used = request.Flag("shared-size") ? await users.ListAsync(cancellationToken) : null;
        var shown = (await images.ListAsync(cancellationToken)).Where(image => image.Created < before && image.Created > since && filters.Take(image));
        return DockerAnswer.Json(WireJson.Array(shown.OrderByDescending(image => image.Created)
            .Select(image => filters.Tags(image) is { } tags ? image.Summary(used?[image.Id].Count() ?? -1, tags) : null).OfType<JsonObject>()));
    }

    private async Task<DockerAnswer> TagAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var image = await images.FindAsync(request.Words["name"], cancellationToken);
        var repository = request.Query("repo") ?? "";
        var full = ImageCatalog.FullName(request.Query("tag") is { Length: > 0 } tag ? $"{repository}:{tag}" : repository);
        if (full.Contains('@', StringComparison.Ordinal))
        {
            throw DockerException.BadRequest("refusing to create a tag with a digest reference");
        }

        await images.NameAsync(full, image, cancellationToken);
        events.Image(image, "tag", ImageName.Familiar(full));
        return new DockerAnswer(201, null);
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var word = request.Words["name"];
        var image = await images.FindAsync(word, cancellationToken);
        var removal = ImageRemoval.For(image, word, request.Flag("force"), [.. (await users.ListAsync(cancellationToken))[image.Id]]);
        return DockerAnswer.Json(await ApplyAsync(image, removal, cancellationToken));
    }

    private async Task<JsonArray> ApplyAsync(EngineImage image, ImageRemoval removal, CancellationToken cancellationToken)
    {
        JsonArray done = [];
        foreach (var name in removal.Untagged)
        {
            await images.UnnameAsync(name, cancellationToken);
            events.Image(image, "untag", image.Id);
            done.Add((JsonNode)new JsonObject { ["Untagged"] = ImageName.Familiar(name) });
        }

        if (!removal.Deletes)
        {
            return done;
        }

        await cache.ForgetAsync(image, (await images.ListAsync(cancellationToken)).Where(other => other.Id != image.Id), cancellationToken);
        foreach (var name in image.Names.Except(removal.Untagged, StringComparer.Ordinal))
        {
            await images.UnnameAsync(name, cancellationToken);
        }

        events.Image(image, "delete", image.Id);
        var kept = (await images.ListAsync(cancellationToken)).SelectMany(other => other.Content.Chains).ToHashSet(StringComparer.Ordinal);
        foreach (var deleted in image.Content.Chains.Reverse().Where(chain => !kept.Contains(chain)).Prepend(image.Id))
        {
            done.Add((JsonNode)new JsonObject { ["Deleted"] = deleted });
        }

        return done;
    }

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = ImageFilters.ForPrune(request.Query("filters"), time.GetUtcNow().UtcDateTime);
        var used = await users.ListAsync(cancellationToken);
        JsonArray deleted = [];
        long bytes = 0;
        foreach (var image in await images.ListAsync(cancellationToken))
        {
            if (used.Contains(image.Id) || !(filters.Dangling == false ? filters.TakeWhatever(image) : image.Tags.Count == 0 && filters.TakeWhatever(image)))
            {
                continue;
            }

            var kept = (await images.ListAsync(cancellationToken)).Where(other => other.Id != image.Id).SelectMany(other => other.Content.Chains).ToHashSet(StringComparer.Ordinal);
            bytes += image.Content.Chains.Zip(image.LayerSizes).Where(layer => !kept.Contains(layer.First)).Sum(layer => layer.Second);
            foreach (var step in await ApplyAsync(image, new ImageRemoval(image.References, true), cancellationToken))
            {
                deleted.Add(step!.DeepClone());
            }
        }

        events.Add("image", "prune", "", ("reclaimed", bytes.ToString(System.Globalization.CultureInfo.InvariantCulture)));
        return DockerAnswer.Json(new JsonObject { ["ImagesDeleted"] = deleted.Count == 0 ? null : deleted, ["SpaceReclaimed"] = bytes });
    }
}
