using System.Formats.Tar;
using System.Text.Json.Nodes;
using Flotilla.Api.Images;
using Flotilla.Docker;

namespace Flotilla.Engine.Images;

/// <summary>An image for an archive, with the full names it is to have there.</summary>
internal sealed record ArchivedImage(ImageContent Content, Blob Manifest, IReadOnlyList<string> Names);

/// <summary>
/// Images as one archive that is an OCI layout and what <c>docker load</c> has always read: blobs by their digests, <c>index.json</c> and
/// <c>manifest.json</c>. The same images give the same bytes.
/// </summary>
internal static class ImageArchive
{
    private const UnixFileMode DirectoryMode = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
    private const UnixFileMode FileMode = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    /// <param name="open">The bytes of a blob.</param>
    public static async Task WriteAsync(Stream destination, IReadOnlyList<ArchivedImage> images, Func<Blob, Stream> open, CancellationToken cancellationToken)
    {
        await using var writer = new TarWriter(destination, TarEntryFormat.Pax, leaveOpen: true);
        await AddAsync(writer, new PaxTarEntry(TarEntryType.Directory, "blobs/") { Mode = DirectoryMode }, null, cancellationToken);
        await AddAsync(writer, new PaxTarEntry(TarEntryType.Directory, "blobs/sha256/") { Mode = DirectoryMode }, null, cancellationToken);
        var blobs = images.SelectMany(image => image.Content.LayerBlobs.Append(image.Content.ConfigBlob).Append(image.Manifest));
        foreach (var blob in blobs.DistinctBy(blob => blob.Digest).OrderBy(blob => blob.Digest, StringComparer.Ordinal))
        {
            await using var data = open(blob);
            await AddAsync(writer, new PaxTarEntry(TarEntryType.RegularFile, PathOf(blob.Digest)) { Mode = FileMode }, data, cancellationToken);
        }

        await AddAsync(writer, "index.json", Index(images), cancellationToken);
        await AddAsync(writer, "manifest.json", WireJson.Array(images.Select(Description)), cancellationToken);
        await AddAsync(writer, "oci-layout", new JsonObject { ["imageLayoutVersion"] = "1.0.0" }, cancellationToken);
    }

    private static JsonObject Index(IReadOnlyList<ArchivedImage> images)
    {
        JsonArray manifests = [];
        foreach (var image in images)
        {
            foreach (var name in image.Names.DefaultIfEmpty(null))
            {
                var entry = new JsonObject { ["mediaType"] = image.Manifest.MediaType, ["digest"] = image.Manifest.Digest, ["size"] = image.Manifest.Size };
                if (name is not null)
                {
                    entry["annotations"] = new JsonObject { ["io.containerd.image.name"] = name, ["org.opencontainers.image.ref.name"] = name[(name.LastIndexOf(':') + 1)..] };
                }

                manifests.Add((JsonNode)entry);
            }
        }

        return new JsonObject { ["schemaVersion"] = 2, ["mediaType"] = "application/vnd.oci.image.index.v1+json", ["manifests"] = manifests };
    }

    private static JsonObject Description(ArchivedImage image) => new()
    {
        ["Config"] = PathOf(image.Content.Id),
        ["RepoTags"] = image.Names.Count == 0 ? null : WireJson.Array(image.Names.Select(name => (JsonNode)ImageName.Familiar(name))),
        ["Layers"] = WireJson.Array(image.Content.LayerBlobs.Select(layer => (JsonNode)PathOf(layer.Digest))),
    };

    private static string PathOf(string digest) => "blobs/" + digest.Replace(':', '/');

    private static Task AddAsync(TarWriter writer, string name, JsonNode value, CancellationToken cancellationToken) =>
        AddAsync(writer, new PaxTarEntry(TarEntryType.RegularFile, name) { Mode = FileMode }, new MemoryStream(WireJson.Bytes(value).ToArray()), cancellationToken);

    private static async Task AddAsync(TarWriter writer, PaxTarEntry entry, Stream? data, CancellationToken cancellationToken)
    {
        entry.ModificationTime = DateTimeOffset.UnixEpoch;
        if (data is not null)
        {
            entry.DataStream = data;
        }

        await writer.WriteEntryAsync(entry, cancellationToken);
    }
}
