using Flotilla.Docker;
using Flotilla.Engine.Containerd;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Images.Making;

/// <summary>Writes images into containerd's content, and names them.</summary>
internal sealed class ImageMaker(ImageCatalog images)
{
    private const string ManifestType = "application/vnd.oci.image.manifest.v1+json";

    /// <summary>It is there as long as the lease is, or has a name.</summary>
    /// <param name="labels">More of its manifest's labels.</param>
    public async Task<ImageContent> PutAsync(Lease lease, ImageDraft draft, IEnumerable<KeyValuePair<string, string>> labels, CancellationToken cancellationToken)
    {
        Dictionary<string, string> files = draft.ChainId.Length == 0 ? [] : new() { [$"containerd.io/gc.ref.snapshot.{Runtime.Snapshotter}"] = draft.ChainId };
        var config = await BlobWriter.PutAsync(lease, draft.ConfigBytes(), "", files, cancellationToken);
        Dictionary<string, string> parts = new(labels) { ["containerd.io/gc.ref.content.config"] = config.Digest };
        foreach (var (index, layer) in draft.Layers.Index())
        {
            parts[$"containerd.io/gc.ref.content.l.{index}"] = layer.Digest;
        }

        var manifest = await BlobWriter.PutAsync(lease, WireJson.Bytes(draft.Manifest(config)), ManifestType, parts, cancellationToken);
        return await images.Contents.FindAsync(manifest.Digest, cancellationToken) ?? throw new IOException($"the image {config.Digest} is gone right after it was written");
    }

    /// <summary>By its id, so that it stays, and by the names that it was given.</summary>
    public async Task NameAsync(ImageContent image, IEnumerable<string> names, CancellationToken cancellationToken)
    {
        var manifest = await images.Contents.ManifestAsync(image, cancellationToken);
        foreach (var name in names.Prepend(image.Id))
        {
            await images.NameAsync(name, new BlobDescriptor { Digest = manifest.Digest, Size = manifest.Size, MediaType = manifest.MediaType }, cancellationToken);
        }
    }
}
