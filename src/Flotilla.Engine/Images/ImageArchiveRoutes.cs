using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Events;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Engine.Images;

/// <summary>Imports an archive where pods find its images too, and answers their full names; of one without a name, its id.</summary>
public delegate Task<IReadOnlyList<string>> ImageLoad(Stream archive, CancellationToken cancellationToken);

/// <summary><c>docker load, save</c>.</summary>
internal sealed class ImageArchiveRoutes(Runtime runtime, ImageCatalog images, ImageLoad load, EventLog events)
{
    public IEnumerable<Route> All =>
    [
        new("POST", "/images/load", LoadAsync),
        new("GET", "/images/get", (request, token) => SaveAsync([.. request.Context.Request.Query["names"].OfType<string>().SelectMany(names => names.Split(','))], token)),
        new("GET", "/images/{name*}/get", (request, token) => SaveAsync([request.Words["name"]], token)),
    ];

    private async Task<DockerAnswer> LoadAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var before = await images.ListAsync(cancellationToken);
        IReadOnlyList<string> names;
        try
        {
            names = await load(request.Archive, cancellationToken);
        }
        catch (InvalidDataException wrong)
        {
            throw new DockerException(500, wrong.Message);
        }

        return DockerAnswer.Stream(async (response, token) =>
        {
            var lines = new ProgressLines(response, token);
            foreach (var name in names)
            {
                var image = await images.FindAsync(name, token);
                if (before.FirstOrDefault(other => other.Id != image.Id && other.Tags.Contains(name, StringComparer.Ordinal)) is { } former)
                {
                    await lines.TextAsync($"The image {ImageName.Familiar(name)} already exists, renaming the old one with ID {former.Id} to empty string\n");
                }

                await lines.TextAsync(name == image.Id ? $"Loaded image ID: {name}\n" : $"Loaded image: {ImageName.Familiar(name)}\n");
                events.Image(image, "load", name == image.Id ? name : ImageName.Familiar(name));
            }
        });
    }

    private async Task<DockerAnswer> SaveAsync(IReadOnlyList<string> words, CancellationToken cancellationToken)
    {
        List<(EngineImage Image, IReadOnlyList<string> Names)> wanted = [];
        foreach (var word in words)
        {
            wanted.AddRange(await WantedAsync(word, cancellationToken));
        }

        List<ArchivedImage> archived = [];
        foreach (var group in wanted.GroupBy(pair => pair.Image.Id, StringComparer.Ordinal))
        {
            var image = group.First().Image;
            archived.Add(new ArchivedImage(image.Content, await images.Contents.ManifestAsync(image.Content, cancellationToken), [.. group.SelectMany(pair => pair.Names).Distinct(StringComparer.Ordinal)]));
            events.Image(image, "save", image.Id);
        }

        return DockerAnswer.Stream((response, token) => WriteAsync(response, archived, token));
    }

    // Who says only the repository means all its tags; who says an id means no name.
    private async Task<IReadOnlyList<(EngineImage Image, IReadOnlyList<string> Names)>> WantedAsync(string word, CancellationToken cancellationToken)
    {
        if (!word.Contains('@', StringComparison.Ordinal) && word.LastIndexOf(':') <= word.LastIndexOf('/'))
        {
            var repository = ImageReference.Of(ImageCatalog.FullName(word)).Repository;
            var tagged = (await images.ListAsync(cancellationToken)).Select(image => (image, (IReadOnlyList<string>)[.. image.Tags.Where(tag => ImageReference.Of(tag).Repository == repository)])).Where(pair => pair.Item2.Count > 0).ToList();
            if (tagged.Count > 0)
            {
                return tagged;
            }
        }

        var found = await images.FindAsync(word, cancellationToken);
        return [(found, [.. found.Tags.Where(tag => !found.IsId(word) && tag == ImageCatalog.FullName(word))])];
    }

    private async Task WriteAsync(HttpResponse response, IReadOnlyList<ArchivedImage> archived, CancellationToken cancellationToken)
    {
        response.ContentType = "application/x-tar";
        await ImageArchive.WriteAsync(response.Body, archived, blob => new BlobStream(runtime, blob, cancellationToken), cancellationToken);
    }
}
