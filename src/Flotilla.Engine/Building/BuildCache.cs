using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Images;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Building;

/// <summary>
/// What steps of builds have led to: images without a name, kept by a label of their manifests, and a file each that leads from what a step was to its image.
/// </summary>
internal sealed class BuildCache(Runtime runtime, EngineOptions options, ImageContents contents)
{
    private const string KeepLabel = "containerd.io/gc.root";
    private const int MostEntries = 4000;

    private string Folder => Path.Combine(options.DataDirectory, "build-cache");

    /// <summary>Labels of a manifest that is to be kept.</summary>
    public static IReadOnlyDictionary<string, string> Labels { get; } = new Dictionary<string, string>(StringComparer.Ordinal) { [KeepLabel] = "docker build" };

    /// <param name="image">The id of the one before the step; empty: none.</param>
    /// <param name="step">The instruction with all that its result depends on.</param>
    public static string KeyOf(string image, string step) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{image}\n{step}")));

    /// <returns>null: not known, or not there any more.</returns>
    public async Task<ImageContent?> FindAsync(string key, CancellationToken cancellationToken)
    {
        var file = Path.Combine(Folder, key);
        return File.Exists(file) && await contents.FindAsync(await File.ReadAllTextAsync(file, cancellationToken), cancellationToken) is { } known && await IsThereAsync(known, cancellationToken) ? known : null;
    }

    public async Task PutAsync(string key, ImageContent image, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Folder);
        await File.WriteAllTextAsync(Path.Combine(Folder, key), image.ManifestDigest, cancellationToken);
    }

    /// <summary>Keeps the newest, once after each build.</summary>
    public async Task TrimAsync(CancellationToken cancellationToken)
    {
        foreach (var oldest in Files().Select(file => new FileInfo(file)).OrderByDescending(file => file.LastWriteTimeUtc).Skip(MostEntries))
        {
            await ForgetAsync(oldest.FullName, cancellationToken);
        }
    }

    /// <summary>An image that is removed takes the steps that led to it along, but those that led to another one too.</summary>
    public async Task ForgetAsync(EngineImage image, IEnumerable<EngineImage> others, CancellationToken cancellationToken)
    {
        var kept = others.Select(other => other.Content).ToList();
        foreach (var file in Files())
        {
            if (await contents.FindAsync(await File.ReadAllTextAsync(file, cancellationToken), cancellationToken) is { } step && LeadsTo(step, image.Content) && !kept.Exists(other => LeadsTo(step, other)))
            {
                await ForgetAsync(file, cancellationToken);
            }
        }
    }

    /// <returns>The keys, and how many bytes of layers no image needs now.</returns>
    public async Task<(IReadOnlyList<string> Keys, long Bytes)> PruneAsync(IEnumerable<EngineImage> images, CancellationToken cancellationToken)
    {
        var needed = images.SelectMany(image => image.Content.LayerBlobs).Select(blob => blob.Digest).ToHashSet(StringComparer.Ordinal);
        List<string> keys = [];
        Dictionary<string, long> freed = new(StringComparer.Ordinal);
        foreach (var file in Files())
        {
            foreach (var blob in (await contents.FindAsync(await File.ReadAllTextAsync(file, cancellationToken), cancellationToken))?.LayerBlobs.Where(blob => !needed.Contains(blob.Digest)) ?? [])
            {
                freed[blob.Digest] = blob.Size;
            }

            await ForgetAsync(file, cancellationToken);
            keys.Add(Path.GetFileName(file));
        }

        return (keys, freed.Values.Sum());
    }

    private IEnumerable<string> Files() => Directory.Exists(Folder) ? Directory.GetFiles(Folder) : [];

    private static bool LeadsTo(ImageContent step, ImageContent image)
    {
        var (before, after) = (step.Config.Array("history") ?? [], image.Config.Array("history") ?? []);
        return before.Count <= after.Count && before.Zip(after).All(pair => JsonNode.DeepEquals(pair.First, pair.Second));
    }

    // Containerd's answer, not memory's: somebody may have removed it by other means.
    private async Task<bool> IsThereAsync(ImageContent image, CancellationToken cancellationToken)
    {
        try
        {
            await runtime.Content.InfoAsync(new InfoRequest { Digest = image.ManifestDigest }, cancellationToken: cancellationToken);
            if (image.ChainId.Length > 0)
            {
                await runtime.Snapshots.UsageAsync(new UsageRequest { Snapshotter = Runtime.Snapshotter, Key = image.ChainId }, cancellationToken: cancellationToken);
            }

            return true;
        }
        catch (RpcException failure) when (failure.IsMissing())
        {
            return false;
        }
    }

    private async Task ForgetAsync(string file, CancellationToken cancellationToken)
    {
        var update = new UpdateContentRequest { Info = new BlobInfo { Digest = await File.ReadAllTextAsync(file, cancellationToken) }, UpdateMask = new() };
        update.Info.Labels.Add(KeepLabel, "");
        update.UpdateMask.Paths.Add("labels." + KeepLabel);
        try
        {
            await runtime.Content.UpdateAsync(update, cancellationToken: cancellationToken);
        }
        catch (RpcException failure) when (failure.IsMissing() || failure.StatusCode == StatusCode.InvalidArgument)
        {
            // It has gone before.
        }

        File.Delete(file);
    }
}
