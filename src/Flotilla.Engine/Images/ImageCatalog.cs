using Flotilla.Api.Images;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Linux.Containerd;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using StoredImages = Flotilla.Linux.Containerd.Images;

namespace Flotilla.Engine.Images;

/// <summary>The images of this machine, those of pods too: containerd keeps them, nothing is kept here.</summary>
internal sealed class ImageCatalog(Runtime runtime)
{
    // The sandboxes' own, which no user asked for.
    private const string PauseRepository = "docker.io/flotilla/pause:";

    private readonly LayerSizes sizes = new(runtime);

    public ImageContents Contents { get; } = new(runtime);

    public async Task<IReadOnlyList<EngineImage>> ListAsync(CancellationToken cancellationToken)
    {
        var stored = (await runtime.Images.ListAsync(new ListStoredImagesRequest(), cancellationToken: cancellationToken)).Images;
        List<(StoredImage Stored, ImageContent Content)> known = [];
        foreach (var image in stored)
        {
            if (await Contents.FindAsync(image.Target.Digest, cancellationToken) is { } content)
            {
                known.Add((image, content));
            }
        }

        List<EngineImage> images = [];
        foreach (var names in known.GroupBy(pair => pair.Content.Id, StringComparer.Ordinal).Where(names => !names.Any(pair => pair.Stored.Name.StartsWith(PauseRepository, StringComparison.Ordinal))))
        {
            var (first, content) = names.First();
            images.Add(new EngineImage(content, [.. names.Select(pair => pair.Stored.Name)], first.Target.Digest, await sizes.OfAsync(content, cancellationToken)));
        }

        return images;
    }

    /// <summary>By name, else by id or its beginning.</summary>
    /// <exception cref="DockerException">There is none, or there are several.</exception>
    public async Task<EngineImage> FindAsync(string word, CancellationToken cancellationToken)
    {
        var all = await ListAsync(cancellationToken);
        var id = word.StartsWith("sha256:", StringComparison.Ordinal) ? word : "sha256:" + word;
        if (all.FirstOrDefault(image => image.Id == id || image.TargetDigest == id) is { } exact)
        {
            return exact;
        }

        if (all.FirstOrDefault(image => Answers(image, word)) is { } named)
        {
            return named;
        }

        var begun = word.Length > 0 ? all.Where(image => image.Id.StartsWith(id, StringComparison.Ordinal)).ToList() : [];
        return begun.Count switch
        {
            1 => begun[0],
            0 => throw new DockerException(404, $"No such image: {Shown(word)}"),
            _ => throw new DockerException(400, $"ambiguous reference: {word} matches {begun.Count} images"),
        };
    }

    /// <exception cref="DockerException">That is no name.</exception>
    public static string FullName(string name)
    {
        try
        {
            return ImageName.Normalize(name);
        }
        catch (FormatException wrong)
        {
            throw DockerException.BadRequest(wrong.Message);
        }
    }

    public async Task NameAsync(string full, EngineImage image, CancellationToken cancellationToken)
    {
        var target = (await runtime.Images.GetAsync(new GetImageRequest { Name = image.Names[0] }, cancellationToken: cancellationToken)).Image.Target;
        await NameAsync(full, target, cancellationToken);
    }

    /// <summary>A name that was given here, so that other nodes ask this one for it.</summary>
    public async Task NameAsync(string full, BlobDescriptor target, CancellationToken cancellationToken)
    {
        await NameAsync(runtime.Images, full, target, cancellationToken);
        if (!full.StartsWith("sha256:", StringComparison.Ordinal))
        {
            await NameAsync(runtime.LocalImages, full, target, cancellationToken);
        }
    }

    public async Task UnnameAsync(string full, CancellationToken cancellationToken)
    {
        await UnnameAsync(runtime.LocalImages, full, cancellationToken);
        await UnnameAsync(runtime.Images, full, cancellationToken);
    }

    private static async Task NameAsync(StoredImages.ImagesClient images, string full, BlobDescriptor target, CancellationToken cancellationToken)
    {
        var named = new StoredImage { Name = full, Target = target };
        try
        {
            await images.CreateAsync(new CreateImageRequest { Image = named }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.StatusCode == StatusCode.AlreadyExists)
        {
            await images.UpdateAsync(new UpdateImageRequest { Image = named, UpdateMask = new FieldMask { Paths = { "target" } } }, cancellationToken: cancellationToken);
        }
    }

    private static async Task UnnameAsync(StoredImages.ImagesClient images, string full, CancellationToken cancellationToken)
    {
        try
        {
            await images.DeleteAsync(new DeleteImageRequest { Name = full, Sync = true }, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            // Somebody was faster.
        }
    }

    private static bool Answers(EngineImage image, string word)
    {
        if (word.StartsWith("sha256:", StringComparison.Ordinal))
        {
            return false;
        }

        var full = FullName(word);
        var at = full.IndexOf('@', StringComparison.Ordinal);
        return at < 0 ? image.Tags.Contains(full, StringComparer.Ordinal) : image.Digests.Any(name => name[name.IndexOf('@', StringComparison.Ordinal)..] == full[at..]);
    }

    private static string Shown(string word) =>
        word.Contains(':', StringComparison.Ordinal) || word.Contains('@', StringComparison.Ordinal) ? word : word + ":latest";
}
