using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containerd.Api;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary>What a manifest leads to on this machine's platform.</summary>
/// <param name="Id">The configuration's digest, which docker calls the image's id.</param>
/// <param name="Size">Bytes, compressed.</param>
internal sealed record ImageContent(string Id, string ManifestDigest, long Size, JsonObject Config)
{
    /// <summary>The user's part: command, environment and so on.</summary>
    public JsonObject Settings => Config.Object("config") ?? [];

    public IReadOnlyList<string> Layers => [.. (Config.Object("rootfs").Array("diff_ids") ?? []).Select(layer => layer.AsString()!)];

    /// <summary>Under which name the snapshotter keeps the layers together.</summary>
    public string ChainId => Layers.Skip(1).Aggregate(Layers.FirstOrDefault() ?? "", (chain, layer) => "sha256:" + Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.ASCII.GetBytes($"{chain} {layer}"))));
}

/// <summary>Reads manifests and configurations from containerd's content. A digest always means the same bytes, so each is read once.</summary>
internal sealed class ImageContents(Runtime runtime)
{
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
            ? new ImageContent(id, digest, (manifest.Object("config").Integer("size") ?? 0) + manifest.Objects("layers").Sum(layer => layer.Integer("size") ?? 0), config)
            : null;
    }

    private static bool IsOurs(JsonObject manifest) =>
        manifest.Object("platform") is not { } platform
        || (platform.String("os") == "linux" && platform.String("architecture") == (RuntimeInformation.OSArchitecture == Architecture.Arm64 ? "arm64" : "amd64"));
}
