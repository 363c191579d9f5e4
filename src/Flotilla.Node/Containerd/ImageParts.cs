using System.Collections.Concurrent;
using System.Text.Json;

namespace Flotilla.Node.Containerd;

/// <summary>
/// The digests an image is made of: its index, manifests, configurations and layers. A digest always means the same bytes,
/// so each manifest is read once.
/// </summary>
internal sealed class ImageParts(ImageStore images)
{
    private const int MaxManifestBytes = 4 << 20;
    private const int MaxKnown = 10_000;
    private readonly ConcurrentDictionary<string, IReadOnlyList<string>> children = new(StringComparer.Ordinal);

    public async Task<bool> ContainsAsync(string root, string digest, CancellationToken cancellationToken)
    {
        if (root == digest)
        {
            return true;
        }
        foreach (var child in await ChildrenAsync(root, cancellationToken))
        {
            if (child == digest || (children.ContainsKey(child) && await ContainsAsync(child, digest, cancellationToken)))
            {
                return true;
            }
        }
        return false;
    }

    /// <summary>The digest of a manifest's configuration, which is the image's id; null for what is no manifest.</summary>
    public async Task<string?> ConfigurationAsync(string manifest, CancellationToken cancellationToken) => (await ReadAsync(manifest, cancellationToken)).Configuration;

    private async Task<IReadOnlyList<string>> ChildrenAsync(string manifest, CancellationToken cancellationToken)
    {
        if (children.TryGetValue(manifest, out var known))
        {
            return known;
        }
        var (manifests, layers, configuration) = await ReadAsync(manifest, cancellationToken);
        if (children.Count >= MaxKnown)
        {
            children.Clear();
        }
        children[manifest] = [.. manifests, .. layers, .. configuration is null ? (string[])[] : [configuration]];
        foreach (var inner in manifests)
        {
            await ChildrenAsync(inner, cancellationToken);
        }
        return children.GetValueOrDefault(manifest, []);
    }

    private async Task<(List<string> Manifests, List<string> Layers, string? Configuration)> ReadAsync(string digest, CancellationToken cancellationToken)
    {
        if (await images.BlobSizeAsync(digest, cancellationToken) is not (> 0 and <= MaxManifestBytes))
        {
            return ([], [], null);
        }
        using var bytes = new MemoryStream();
        await images.CopyBlobAsync(digest, bytes, cancellationToken);
        try
        {
            using var json = JsonDocument.Parse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length));
            var configuration = json.RootElement.TryGetProperty("config", out var config) ? config.GetProperty("digest").GetString() : null;
            return ([.. Digests(json.RootElement, "manifests")], [.. Digests(json.RootElement, "layers")], configuration);
        }
        catch (Exception fault) when (fault is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return ([], [], null);
        }
    }

    private static IEnumerable<string> Digests(JsonElement manifest, string list) =>
        manifest.TryGetProperty(list, out var items)
            ? items.EnumerateArray().Select(item => item.GetProperty("digest").GetString()).OfType<string>().ToList()
            : [];
}
