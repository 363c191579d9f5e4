using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;

namespace Flotilla.Engine.Images;

/// <summary><c>docker images, inspect, history, tag, rmi, image prune</c>.</summary>
internal sealed class ImageRoutes(ImageCatalog images, ContainerStore containers, EventLog events)
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
        var filters = Filters.Parse(request.Query("filters"), "dangling", "label", "before", "since", "reference", "until");
        var all = await images.ListAsync(cancellationToken);
        var before = filters.Has("before") ? (await images.FindAsync(filters["before"][0], cancellationToken)).Created : DateTime.MaxValue;
        var since = filters.Has("since") ? (await images.FindAsync(filters["since"][0], cancellationToken)).Created : DateTime.MinValue;
        var shown = all.Where(image => filters.Labels("label", image.Labels) && image.Created < before && image.Created > since
            && (!filters.Has("dangling") || (image.Tags.Count == 0) == (filters["dangling"][0] is "true" or "1"))
            && (!filters.Has("reference") || filters["reference"].Any(pattern => ReferencePattern.Matches(pattern, image))));
        return DockerAnswer.Json(WireJson.Array(shown.OrderByDescending(image => image.Created).Select(image => image.Summary(-1))));
    }

    private async Task<DockerAnswer> TagAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var image = await images.FindAsync(request.Words["name"], cancellationToken);
        var repository = request.Query("repo") ?? "";
        var full = ImageCatalog.FullName(request.Query("tag") is { Length: > 0 } tag ? $"{repository}:{tag}" : repository);
        await images.NameAsync(full, image, cancellationToken);
        events.Add("image", "tag", image.Id, ("name", ImageName.Familiar(full)));
        return new DockerAnswer(201, null);
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var word = request.Words["name"];
        var image = await images.FindAsync(word, cancellationToken);
        var force = request.Flag("force");
        var isId = image.Id.StartsWith(word.StartsWith("sha256:", StringComparison.Ordinal) ? word : "sha256:" + word, StringComparison.Ordinal);
        if (!isId && image.Tags.Count > 1)
        {
            return DockerAnswer.Json(new JsonArray(await UntagAsync(image, ImageCatalog.FullName(word), cancellationToken)));
        }

        if (isId && !force && image.Tags.Select(tag => tag[..tag.LastIndexOf(':')]).Distinct(StringComparer.Ordinal).Count() > 1)
        {
            throw new DockerException(409, $"conflict: unable to delete {image.ShortId} (must be forced) - image is referenced in multiple repositories");
        }

        Refuse(image, word, isId, force);
        return DockerAnswer.Json(await DeleteAsync(image, cancellationToken));
    }

    private void Refuse(EngineImage image, string word, bool isId, bool force)
    {
        foreach (var user in containers.All.Where(container => container.Record.ImageId == image.Id))
        {
            var isRunning = user.Record.State.IsRunning;
            if (isRunning && (isId || force))
            {
                throw new DockerException(409, $"conflict: unable to delete {image.ShortId} (cannot be forced) - image is being used by running container {user.ShortId}");
            }

            if (!force)
            {
                throw new DockerException(409, isId
                    ? $"conflict: unable to delete {image.ShortId} (must be forced) - image is being used by stopped container {user.ShortId}"
                    : $"conflict: unable to remove repository reference \"{word}\" (must force) - container {user.ShortId} is using its referenced image {image.ShortId}");
            }
        }
    }

    private async Task<JsonArray> DeleteAsync(EngineImage image, CancellationToken cancellationToken)
    {
        JsonArray done = [];
        foreach (var tag in image.Tags)
        {
            done.Add((JsonNode)await UntagAsync(image, tag, cancellationToken));
        }

        foreach (var name in image.Names.Except(image.Tags, StringComparer.Ordinal))
        {
            await images.UnnameAsync(name, cancellationToken);
        }

        events.Add("image", "delete", image.Id, ("name", image.Id));
        done.Add((JsonNode)new JsonObject { ["Deleted"] = image.Id });
        return done;
    }

    private async Task<JsonObject> UntagAsync(EngineImage image, string full, CancellationToken cancellationToken)
    {
        await images.UnnameAsync(full, cancellationToken);
        events.Add("image", "untag", image.Id, ("name", image.Id));
        return new JsonObject { ["Untagged"] = ImageName.Familiar(full) };
    }

    private async Task<DockerAnswer> PruneAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "dangling", "label", "label!", "until");
        var all = filters.Has("dangling") && filters["dangling"][0] is "false" or "0";
        JsonArray deleted = [];
        long bytes = 0;
        var inUse = containers.All.Select(container => container.Record.ImageId).Concat(await containers.TaskImagesAsync(cancellationToken)).ToHashSet(StringComparer.Ordinal);
        foreach (var image in await images.ListAsync(cancellationToken))
        {
            if (inUse.Contains(image.Id) || (!all && image.Tags.Count > 0) || !filters.Labels("label", image.Labels))
            {
                continue;
            }

            bytes += image.Content.Size;
            foreach (var step in await DeleteAsync(image, cancellationToken))
            {
                deleted.Add(step!.DeepClone());
            }
        }

        return DockerAnswer.Json(new JsonObject { ["ImagesDeleted"] = deleted.Count == 0 ? null : deleted, ["SpaceReclaimed"] = bytes });
    }
}
