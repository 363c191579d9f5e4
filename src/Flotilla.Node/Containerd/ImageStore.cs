using System.Text.Json;
using Flotilla.Api.Images;
using Flotilla.Linux.Containerd;
using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Grpc.Core;

namespace Flotilla.Node.Containerd;

/// <summary>The images a node's containerd holds, in the namespace that its CRI plugin uses.</summary>
public sealed class ImageStore(CriClient runtime, NodeOptions options)
{
    private const int MaxManifestBytes = 4 << 20;
    private const string NamelessPrefix = "import-";
    private static readonly Metadata Namespace = new() { { "containerd-namespace", ImageNamespaces.Present } };
    private readonly ImageNames names = new(new Images.ImagesClient(runtime.Channel), ImageNamespaces.Present);
    private readonly ImageNames loaded = new(new Images.ImagesClient(runtime.Channel), ImageNamespaces.Local);
    private readonly Content.ContentClient content = new(runtime.Channel);

    /// <summary>Loads a docker-archive or OCI layout, plain or compressed. Answers once the runtime can use the images.</summary>
    /// <param name="takesNameless">Whether an image without a full name is taken too: its name is its id.</param>
    /// <returns>The full names that the archive held.</returns>
    /// <exception cref="InvalidDataException">The archive is not one, with containerd's words.</exception>
    public async Task<IReadOnlyList<string>> ImportAsync(Stream archive, CancellationToken cancellationToken, bool takesNameless = false)
    {
        string[] digests = takesNameless ? ["--digests"] : [];
        string[] arguments = ["--address", options.RuntimeSocket, "--namespace", ImageNamespaces.Present, "images", "import", .. await ModeAsync(cancellationToken), .. digests, "-"];
        var plain = await ArchiveStream.OpenAsync(archive, cancellationToken);
        var result = await Command.RunAsync(options.CtrBinary, arguments, plain, cancellationToken);
        if (result.ExitCode != 0)
        {
            throw new InvalidDataException(result.Explanation);
        }
        // One line for each image: "unpacking docker.io/library/busybox:latest (sha256:...)...done"
        var found = result.Output.Split('\n')
            .Where(line => line.StartsWith("unpacking ", StringComparison.Ordinal))
            .Select(line => line.Split(' ')[1])
            .Distinct(StringComparer.Ordinal)
            .ToList();
        if (found.Count == 0)
        {
            throw new InvalidDataException("the archive names no image");
        }
        if (takesNameless)
        {
            found = await WithoutDigestsOfNamedAsync(found, cancellationToken);
        }
        return await Task.WhenAll(found.Select(name => RememberAsync(name, takesNameless, cancellationToken)));
    }

    public async Task<bool> ExistsAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await runtime.Images.ImageStatusAsync(
            new ImageStatusRequest { Image = new ImageSpec { Image = name } }, cancellationToken: cancellationToken);
        return answer.Image is not null;
    }

    public async Task<IReadOnlyList<Image>> ListAsync(CancellationToken cancellationToken) =>
        (await runtime.Images.ListImagesAsync(new ListImagesRequest(), cancellationToken: cancellationToken)).Images;

    /// <summary>Whether an image was loaded here by hand under that name, so that no registry is to be asked for it.</summary>
    public async Task<bool> IsLoadedAsync(string image, CancellationToken cancellationToken)
    {
        var name = ImageName.Normalize(image);
        if (await loaded.FindAsync(name, cancellationToken) is not { } target)
        {
            return false;
        }
        if (await BlobSizeAsync(target.Digest, cancellationToken) is not null)
        {
            return await ExistsAsync(name, cancellationToken);
        }
        // Removed since: from now on the name is its registry's.
        await loaded.RemoveAsync(name, cancellationToken);
        return false;
    }

    // From its second version on, ctr leaves the work to containerd, names no image without a full name and prints for people only.
    private async Task<string[]> ModeAsync(CancellationToken cancellationToken)
    {
        var version = await runtime.Runtime.VersionAsync(new VersionRequest(), cancellationToken: cancellationToken);
        return ContainerdVersion.Major(version.RuntimeVersion) >= 2 ? ["--local"] : [];
    }

    // The importer then names every image by its digest too, which only those without another name need.
    private async Task<List<string>> WithoutDigestsOfNamedAsync(List<string> found, CancellationToken cancellationToken)
    {
        HashSet<string> named = new(StringComparer.Ordinal);
        foreach (var name in found.Where(name => !name.StartsWith(NamelessPrefix, StringComparison.Ordinal)))
        {
            named.Add((await names.FindAsync(name, cancellationToken))?.Digest ?? "");
        }
        List<string> kept = [];
        foreach (var name in found)
        {
            if (name.StartsWith(NamelessPrefix, StringComparison.Ordinal) && named.Contains(name[(name.IndexOf('@', StringComparison.Ordinal) + 1)..]))
            {
                await names.RemoveAsync(name, cancellationToken);
            }
            else
            {
                kept.Add(name);
            }
        }
        return kept;
    }

    // Archives may carry short names; the CRI plugin looks images up by full ones.
    private async Task<string> RememberAsync(string name, bool takesNameless, CancellationToken cancellationToken)
    {
        var target = await names.FindAsync(name, cancellationToken) ?? throw new InvalidDataException($"image {name} is gone right after it was loaded");
        if (name.StartsWith(NamelessPrefix, StringComparison.Ordinal))
        {
            if (takesNameless && await IdAsync(target.Digest, cancellationToken) is { } id)
            {
                await names.SetAsync(id, target, cancellationToken);
                await names.RemoveAsync(name, cancellationToken);
                return id;
            }
            await names.RemoveAsync(name, cancellationToken);
            throw new InvalidDataException($"the archive names its image only \"{name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..]}\"; it must say the full name, like my-image:latest");
        }
        var full = FullName(name);
        if (full != name)
        {
            await names.SetAsync(full, target, cancellationToken);
            await names.RemoveAsync(name, cancellationToken);
        }
        await WaitUntilKnownAsync(full, cancellationToken);
        await loaded.SetAsync(full, target, cancellationToken);
        return full;
    }

    // The digest of the manifest's configuration; null for what is no manifest.
    private async Task<string?> IdAsync(string manifest, CancellationToken cancellationToken)
    {
        if (await BlobSizeAsync(manifest, cancellationToken) is not (> 0 and <= MaxManifestBytes))
        {
            return null;
        }
        using var bytes = new MemoryStream();
        await CopyBlobAsync(manifest, bytes, cancellationToken);
        try
        {
            using var json = JsonDocument.Parse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
            return json.RootElement.TryGetProperty("config", out var config) ? config.GetProperty("digest").GetString() : null;
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return null;
        }
    }

    // In bytes; null when it is not here.
    private async Task<long?> BlobSizeAsync(string digest, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await content.InfoAsync(new InfoRequest { Digest = digest }, Namespace, cancellationToken: cancellationToken);
            return answer.Info.Size;
        }
        catch (RpcException failure) when (failure.StatusCode is StatusCode.NotFound or StatusCode.InvalidArgument)
        {
            return null;
        }
    }

    private async Task CopyBlobAsync(string digest, Stream destination, CancellationToken cancellationToken)
    {
        using var call = content.Read(new ReadContentRequest { Digest = digest }, Namespace, cancellationToken: cancellationToken);
        await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            await destination.WriteAsync(chunk.Data.Memory, cancellationToken);
        }
    }

    private static string FullName(string name)
    {
        try
        {
            return ImageName.Normalize(name);
        }
        catch (FormatException fault)
        {
            throw new InvalidDataException($"the archive names its image \"{name}\": {fault.Message}", fault);
        }
    }

    // The CRI plugin learns of an import from containerd's events, a moment after ctr is done.
    private async Task WaitUntilKnownAsync(string name, CancellationToken cancellationToken)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        bounded.CancelAfter(TimeSpan.FromSeconds(10));
        while (!await ExistsAsync(name, bounded.Token))
        {
            await Task.Delay(20, bounded.Token);
        }
    }
}
