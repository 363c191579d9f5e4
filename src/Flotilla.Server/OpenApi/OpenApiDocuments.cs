using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Aggregation;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;

namespace Flotilla.Server.OpenApi;

/// <summary>The API's description in OpenAPI v3, a document per group and version, and in v2. Made on first use and kept.</summary>
public sealed class OpenApiDocuments
{
    private const string RootPath = "/openapi/v3";

    // What a client has read stays right for as long as the server is this one.
    private static readonly string Build = $"{typeof(Kind).Module.ModuleVersionId}{typeof(OpenApiDocuments).Module.ModuleVersionId}";

    private readonly KindRegistry kinds;
    private readonly AggregatedApis apis;
    private readonly TimeProvider time;
    private readonly ConcurrentDictionary<string, OpenApiDocument> documents = new(StringComparer.Ordinal);

    internal OpenApiDocuments(KindRegistry kinds, AggregatedApis apis, TimeProvider time)
    {
        this.kinds = kinds;
        this.apis = apis;
        this.time = time;
    }

    /// <summary>Null: the path is none of these documents.</summary>
    public ApiAnswer? TryAnswer(ApiRequest request)
    {
        if (request.Path is "/openapi/v2")
        {
            return AnswerV2(request);
        }

        if (request.Path.TrimEnd('/') == RootPath)
        {
            var root = StoredObject.Serialize(Root());
            return new ApiAnswer { Body = root, Headers = new Dictionary<string, string> { ["ETag"] = Quoted(Convert.ToHexString(SHA512.HashData(root))) } };
        }

        return request.Path.StartsWith(RootPath + "/", StringComparison.Ordinal) ? AnswerV3(request, request.Path[(RootPath.Length + 1)..]) : null;
    }

    private ApiAnswer AnswerV2(ApiRequest request)
    {
        var document = Document("v2", OpenApiVersion.V2, kinds.All);
        var headers = new Dictionary<string, string> { ["ETag"] = Quoted(document.Hash), ["Vary"] = "Accept" };
        return OpenApiFormats.Negotiate(request.Accept, OpenApiVersion.V2) is { } format ? Answer(document, OpenApiVersion.V2, format, headers) : ApiAnswer.Text("", 406);
    }

    private static ApiAnswer Answer(OpenApiDocument document, OpenApiVersion version, OpenApiFormat format, Dictionary<string, string> headers) => format == OpenApiFormat.Json
        ? new ApiAnswer { Body = document.Json, Headers = headers }
        : new ApiAnswer { ContentType = OpenApiFormats.Protobuf(version), Body = document.Protobuf, Headers = headers };

    private ApiAnswer? AnswerV3(ApiRequest request, string name)
    {
        var list = kinds.All.Where(kind => PathOf(kind.Group, kind.Version) == name).ToList();
        if (list.Count == 0)
        {
            return null;
        }

        if (OpenApiFormats.Negotiate(request.Accept, OpenApiVersion.V3) is not { } format)
        {
            return ApiAnswer.Text("", 406);
        }

        var hash = HashOf(name, list);
        var headers = new Dictionary<string, string> { ["ETag"] = Quoted(hash), ["Vary"] = "Accept" };
        if (request["hash"] is { Length: > 0 } known)
        {
            if (known != hash)
            {
                headers["Location"] = $"{RootPath}/{name}?hash={hash}";
                return new ApiAnswer { Code = 301, ContentType = "text/html; charset=utf-8", Headers = headers };
            }

            // An address that names its content may be kept for ever.
            headers["Cache-Control"] = "public, immutable";
            headers["Expires"] = time.GetUtcNow().AddYears(1).ToString("r", CultureInfo.InvariantCulture);
        }

        return Answer(Document(name, OpenApiVersion.V3, list), OpenApiVersion.V3, format, headers);
    }

    private JsonObject Root()
    {
        var paths = new JsonObject();
        foreach (var group in kinds.All.GroupBy(kind => PathOf(kind.Group, kind.Version), StringComparer.Ordinal))
        {
            paths[group.Key] = new JsonObject { ["serverRelativeURL"] = $"{RootPath}/{group.Key}?hash={HashOf(group.Key, group)}" };
        }

        // These are asked for at the servers themselves.
        foreach (var api in apis.All.Where(api => api.IsAvailable))
        {
            var name = PathOf(api.Group, api.Version);
            paths[name] = new JsonObject { ["serverRelativeURL"] = $"{RootPath}/{name}" };
        }

        return new JsonObject { ["paths"] = paths };
    }

    /// <summary>Names the content without making it: what it depends on is this build and the definitions in it.</summary>
    private static string HashOf(string name, IEnumerable<Kind> list)
    {
        var definitions = list.Where(kind => kind.Custom is not null)
            .Select(kind => kind.Custom!.Definition)
            .Select(definition => $"{definition.Object("metadata").String("uid")}:{definition.Object("metadata").Integer("generation")}:{definition.Object("status")?["acceptedNames"]?.ToJsonString()}");
        return Convert.ToHexString(SHA512.HashData(Encoding.UTF8.GetBytes($"{name}:{Build}:{string.Join(',', definitions)}")));
    }

    /// <summary>Made again when the kinds in it are others than before.</summary>
    private OpenApiDocument Document(string name, OpenApiVersion version, IReadOnlyList<Kind> list)
    {
        if (!documents.TryGetValue(name, out var known) || !known.IsAbout(list))
        {
            documents[name] = known = new OpenApiDocument(list, version);
        }

        return known;
    }

    private static string Quoted(string tag) => $"\"{tag}\"";

    private static string PathOf(string group, string version) => group.Length == 0 ? $"api/{version}" : $"apis/{group}/{version}";
}
