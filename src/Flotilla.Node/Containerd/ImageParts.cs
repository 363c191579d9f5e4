using System.Text.Json;

namespace Flotilla.Node.Containerd;

/// <summary>What the manifests of images name.</summary>
internal sealed class ImageParts(ImageStore images)
{
    private const int MaxManifestBytes = 4 << 20;

    /// <summary>The digest of a manifest's configuration, which is the image's id; null for what is no manifest.</summary>
    public async Task<string?> ConfigurationAsync(string manifest, CancellationToken cancellationToken)
    {
        if (await images.BlobSizeAsync(manifest, cancellationToken) is not (> 0 and <= MaxManifestBytes))
        {
            return null;
        }
        using var bytes = new MemoryStream();
        await images.CopyBlobAsync(manifest, bytes, cancellationToken);
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
}
