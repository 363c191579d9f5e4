using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Linux;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary>What a manifest leads to on this machine's platform.</summary>
/// <param name="Id">The configuration's digest, which docker calls the image's id.</param>
internal sealed record ImageContent(string Id, string ManifestDigest, JsonObject Manifest, JsonObject Config)
{
    /// <summary>The user's part: command, environment and so on.</summary>
    public JsonObject Settings => Config.Object("config") ?? [];

    /// <summary>Digests of the layers as they are unpacked, the lowest first.</summary>
    public IReadOnlyList<string> Layers => [.. (Config.Object("rootfs").Array("diff_ids") ?? []).Select(layer => layer.AsString()!)];

    /// <summary>The layers as registries have them, in the same order.</summary>
    public IReadOnlyList<Blob> LayerBlobs => [.. Manifest.Objects("layers").Select(Blob.Of)];

    public Blob ConfigBlob => Blob.Of(Manifest.Object("config") ?? []);

    /// <summary>Under which name the snapshotter keeps each layer with all below it.</summary>
    public IReadOnlyList<string> Chains
    {
        get
        {
            List<string> chains = [];
            foreach (var layer in Layers)
            {
                chains.Add(Chain.Of(chains.LastOrDefault() ?? "", layer));
            }

            return chains;
        }
    }

    public string ChainId => Chains.LastOrDefault() ?? "";
}

/// <summary>A file of containerd's content, as a manifest speaks of it.</summary>
/// <param name="Size">Bytes.</param>
internal sealed record Blob(string Digest, long Size, string MediaType)
{
    public static Blob Of(JsonObject descriptor) => new(descriptor.String("digest") ?? "", descriptor.Integer("size") ?? 0, descriptor.String("mediaType") ?? "");
}

/// <summary>Reads manifests and configurations from containerd's content. A digest always means the same bytes, so each is read once.</summary>
internal sealed class ImageContents(Runtime runtime)
{
    private const string DockerManifest = "application/vnd.docker.distribution.manifest.v2+json";
    private const string OciManifest = "application/vnd.oci.image.manifest.v1+json";
    private const int MostKnown = 2000;
    private const int LongestBlob = 8 << 20;
    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, ImageContent> known = new(StringComparer.Ordinal);

    /// <returns>null: it is not all here.</returns>
    public async Task<ImageContent?> FindAsync(string digest, CancellationToken cancellationToken)
    {
        if (known.TryGetValue(digest, out var content))
        {
            return content;
        }

        content = await ReadAsync(digest, cancellationToken);
        if (content is not null)
        {
            if (known.Count >= MostKnown)
            {
                known.Clear();
            }

            known[digest] = content;
        }

        return content;
    }

    /// <summary>An image's manifest as a file, of the size it has here.</summary>
    public async Task<Blob> ManifestAsync(ImageContent content, CancellationToken cancellationToken)
    {
        var info = (await runtime.Content.InfoAsync(new InfoRequest { Digest = content.ManifestDigest }, cancellationToken: cancellationToken)).Info;
        return new Blob(content.ManifestDigest, info.Size, content.Manifest.String("mediaType") ?? (content.ConfigBlob.MediaType.Contains("docker", StringComparison.Ordinal) ? DockerManifest : OciManifest));
    }

    public async Task<JsonObject?> JsonAsync(string digest, CancellationToken cancellationToken)
    {
        try
        {
            using var call = runtime.Content.Read(new ReadContentRequest { Digest = digest, Size = LongestBlob }, cancellationToken: cancellationToken);
            using var bytes = new MemoryStream();
            await foreach (var chunk in call.ResponseStream.ReadAllAsync(cancellationToken))
            {
                bytes.Write(chunk.Data.Span);
            }

            return JsonNode.Parse(bytes.ToArray()) as JsonObject;
        }
        catch (RpcException failure) when (failure.StatusCode is StatusCode.NotFound or StatusCode.OutOfRange)
        {
            return null;
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private async Task<ImageContent?> ReadAsync(string digest, CancellationToken cancellationToken)
    {
        if (await JsonAsync(digest, cancellationToken) is not { } manifest)
        {
            return null;
        }

        if (manifest.Array("manifests") is not null)
        {
            foreach (var candidate in manifest.Objects("manifests").Where(IsOurs))
            {
                if (candidate.String("digest") is { } inner && await ReadAsync(inner, cancellationToken) is { } found)
                {
                    return found;
                }
            }

            return null;
        }

        return manifest.Object("config").String("digest") is { } id && await JsonAsync(id, cancellationToken) is { } config
            ? new ImageContent(id, digest, manifest, config)
            : null;
    }

    private static bool IsOurs(JsonObject manifest) =>
        manifest.Object("platform") is not { } platform
        || (platform.String("os") == "linux" && platform.String("architecture") == ThisMachine.Architecture);
}
