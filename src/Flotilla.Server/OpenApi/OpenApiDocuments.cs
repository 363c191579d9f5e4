using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Aggregation;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.OpenApi;

/// <summary>The API's description in OpenAPI v3, a document per group and version, and in v2. Made on first use and kept.</summary>
public sealed class OpenApiDocuments
{
    private const string RootPath = "/openapi/v3";

    private readonly KindRegistry kinds;
    private readonly AggregatedApis apis;

    internal OpenApiDocuments(KindRegistry kinds, AggregatedApis apis)
    {
        this.kinds = kinds;
        this.apis = apis;
    }

    // Document { swagger = 1: "2.0", info = 2: { title = 1, version = 2 }, paths = 8: {} }
    private static readonly byte[] TitleOnly =
    [
        0x0A, 3, .. "2.0"u8, 0x12, (byte)(4 + "Kubernetes".Length + ServerStatus.Version.Length), 0x0A, (byte)"Kubernetes".Length, .. "Kubernetes"u8,
        0x12, (byte)ServerStatus.Version.Length, .. System.Text.Encoding.ASCII.GetBytes(ServerStatus.Version), 0x42, 0,
    ];

    private readonly ConcurrentDictionary<string, (IReadOnlyList<Kind> Kinds, byte[] Bytes)> documents = new(StringComparer.Ordinal);

    /// <summary>Null: the path is none of these documents.</summary>
    public ApiAnswer? TryAnswer(ApiRequest request)
    {
        if (request.Path is "/openapi/v2")
        {
            // Clients that take only protobuf here have asked v3 before: for them the title is enough to go on.
            return request.Accept.Contains("proto-openapi", StringComparison.Ordinal) && !request.Accept.Contains("json", StringComparison.Ordinal)
                ? new ApiAnswer { ContentType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf", Body = TitleOnly }
                : ApiAnswer.Bytes(Document("v2", OpenApiVersion.V2, kinds.All));
        }

        if (request.Path.TrimEnd('/') == RootPath)
        {
            return ApiAnswer.Bytes(StoredObject.Serialize(Root()));
        }

        return request.Path.StartsWith(RootPath + "/", StringComparison.Ordinal) && Find(request.Path[(RootPath.Length + 1)..]) is { } found ? ApiAnswer.Bytes(found) : null;
    }

    private JsonObject Root()
    {
        var paths = new JsonObject();
        foreach (var (group, version) in kinds.GroupVersions)
        {
            var name = PathOf(group, version);

            // The hash tells clients when to read again: it names the version of the API and of its definitions, not the bytes.
            var definitions = kinds.All.Where(kind => kind.Group == group && kind.Custom is not null).Select(kind => kind.Custom!.Definition.Object("metadata")).Select(metadata => $"{metadata.String("uid")}:{metadata.Integer("generation")}");
            var hash = Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{name}:{ServerStatus.Version}:{string.Join(',', definitions)}")));
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"{RootPath}/{name}?hash={hash}" };
        }

        // These are asked for at the servers themselves.
        foreach (var api in apis.All.Where(api => api.IsAvailable))
        {
            var name = PathOf(api.Group, api.Version);
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"{RootPath}/{name}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    private byte[]? Find(string name)
    {
        var list = kinds.All.Where(kind => PathOf(kind.Group, kind.Version) == name).ToList();
        return list.Count == 0 ? null : Document(name, OpenApiVersion.V3, list);
    }

    /// <summary>Written again when the kinds in it are others than before.</summary>
    private byte[] Document(string name, OpenApiVersion version, IReadOnlyList<Kind> list)
    {
        if (documents.TryGetValue(name, out var made) && made.Kinds.SequenceEqual(list))
        {
            return made.Bytes;
        }

        var bytes = StoredObject.Serialize(new OpenApiWriter(version).Document(list));
        documents[name] = (list, bytes);
        return bytes;
    }

    private static string PathOf(string group, string version) => group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
}
