using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Schema;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.OpenApi;

/// <summary>The API's description in OpenAPI v3, a document per group and version, and in v2. Made on first use and kept.</summary>
public sealed class OpenApiDocuments(KindRegistry kinds)
{
    private const string RootPath = "/openapi/v3";
    private readonly ConcurrentDictionary<string, byte[]> documents = new(StringComparer.Ordinal);

    /// <summary>Null: the path is none of these documents.</summary>
    public ApiAnswer? TryAnswer(ApiRequest request)
    {
        if (request.Path is "/openapi/v2")
        {
            // Clients that speak only protobuf here fall back to v3.
            return request.Accept.Length > 0 && !request.Accept.Contains("json", StringComparison.Ordinal) && !request.Accept.Contains("*/*", StringComparison.Ordinal)
                ? throw Failures.NotAcceptable()
                : ApiAnswer.Bytes(documents.GetOrAdd("v2", _ => StoredObject.Serialize(new OpenApiWriter(OpenApiVersion.V2).Document(kinds.All))));
        }

        if (request.Path.TrimEnd('/') == RootPath)
        {
            return ApiAnswer.Bytes(documents.GetOrAdd("root", _ => StoredObject.Serialize(Root())));
        }

        return request.Path.StartsWith(RootPath + "/", StringComparison.Ordinal) && Find(request.Path[(RootPath.Length + 1)..]) is { } found ? ApiAnswer.Bytes(found) : null;
    }

    private JsonObject Root()
    {
        var paths = new JsonObject();
        foreach (var (group, version) in kinds.GroupVersions)
        {
            var name = PathOf(group, version);

            // The hash tells clients when to read again: it names the version of the API, not the bytes.
            var hash = Convert.ToHexString(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes($"{name}:{ServerStatus.Version}")));
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"{RootPath}/{name}?hash={hash}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    private byte[]? Find(string name)
    {
        var list = kinds.All.Where(kind => PathOf(kind.Group, kind.Version) == name).ToList();
        return list.Count == 0 ? null : documents.GetOrAdd(name, _ => StoredObject.Serialize(new OpenApiWriter(OpenApiVersion.V3).Document(list)));
    }

    private static string PathOf(string group, string version) => group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
}
