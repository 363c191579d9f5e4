using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Schema;

namespace Flotilla.Server.Http;

/// <summary>Bodies in: JSON or YAML, checked against the kind they must be, normalised, unknown fields handled as asked.</summary>
public static class BodyReader
{
    /// <summary>Reads a whole object of <paramref name="type"/>. Warnings tell of fields that were dropped.</summary>
    public static (JsonObject Value, IReadOnlyList<string> Warnings) ReadObject(ApiRequest request, ResourceKind expected, TypeSchema? type)
    {
        var problems = new StrictProblems();
        var value = ReadTree(request.Body, request.ContentType, expected, problems);
        CheckKind(value, expected);
        return (value, Normalize(value, expected, type, request["fieldValidation"], problems));
    }

    /// <summary>Reads a whole object of <paramref name="kind"/>.</summary>
    public static (JsonObject Value, IReadOnlyList<string> Warnings) ReadObject(ApiRequest request, Kind kind)
    {
        var problems = new StrictProblems();
        var value = ReadTree(request.Body, request.ContentType, kind.Identity, problems);
        CheckKind(value, kind.Identity);
        return (value, Answer(kind.Identity, FindUnknown(value, kind), request["fieldValidation"], problems, inOrder: kind.Custom is null));
    }

    public static JsonObject ReadTree(ReadOnlyMemory<byte> body, string? contentType, ResourceKind expected, StrictProblems? problems)
    {
        if (IsProtobuf(contentType))
        {
            return ReadProtobuf(body);
        }

        try
        {
            var node = IsYaml(contentType) ? YamlReader.Parse(body.Span, problems?.Lines) : ParseJson(body, contentType, problems);
            return node as JsonObject ?? throw Failures.BadRequest(
                $"the object provided is unrecognized (must be of type {expected.Kind}): couldn't get version/kind; json parse error: json: cannot unmarshal {Word(node)} into Go value of type struct {{ APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }} ({Hex(body.Span)})");
        }
        catch (GoJsonException error)
        {
            throw Failures.BadRequest($"the object provided is unrecognized (must be of type {expected.Kind}): couldn't get version/kind; json parse error: {error.Message} ({Shown(body.Span)})");
        }
    }

    /// <summary>Brings a tree to the form of its type, and answers for unknown fields per <c>fieldValidation</c>.</summary>
    public static IReadOnlyList<string> Normalize(JsonObject value, ResourceKind kind, TypeSchema? type, string? fieldValidation, StrictProblems? problems = null)
    {
        if (type is null)
        {
            return [];
        }

        var normalizer = new Normalizer();
        try
        {
            normalizer.Normalize(value, type);
        }
        catch (DecodeException error)
        {
            throw Failures.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: {error.Message}");
        }

        return Answer(kind, normalizer.UnknownFields, fieldValidation, problems ?? new StrictProblems(), inOrder: true);
    }

    /// <summary>Brings a tree to the form of its kind, and returns the paths of fields that were dropped because nobody knows them.</summary>
    public static IReadOnlyList<string> FindUnknown(JsonObject value, Kind kind)
    {
        try
        {
            if (kind.Custom is { } custom)
            {
                return custom.Normalize(value);
            }

            var normalizer = new Normalizer();
            normalizer.Normalize(value, kind.Schema);
            return normalizer.UnknownFields;
        }
        catch (DecodeException error)
        {
            throw Failures.BadRequest($"{kind.Name} in version \"{kind.Version}\" cannot be handled as a {kind.Name}: {error.Message}");
        }
    }

    private static IReadOnlyList<string> Answer(ResourceKind kind, IReadOnlyList<string> unknown, string? fieldValidation, StrictProblems problems, bool inOrder) => fieldValidation switch
    {
        "Ignore" => [],
        "Strict" when problems.Errors(unknown, inOrder) is { Count: > 0 } errors =>
            throw Failures.BadRequest($"{kind.Kind} in version \"{kind.Version}\" cannot be handled as a {kind.Kind}: strict decoding error: {string.Join(", ", errors)}"),
        _ => problems.Warnings(unknown, inOrder),
    };

    private static JsonNode? ParseJson(ReadOnlyMemory<byte> body, string? contentType, StrictProblems? problems)
    {
        var media = contentType?.Split(';')[0].Trim();
        if (media is not (null or "" or "application/json" or "*/*"))
        {
            throw Failures.UnsupportedMediaType();
        }

        problems?.FoundIn(body);
        return GoJson.Parse(body.Span, problems?.Duplicates);
    }

    private static void CheckKind(JsonObject value, ResourceKind expected)
    {
        var (version, kind) = (value.String("apiVersion") ?? "", value.String("kind") ?? "");
        if (kind.Length == 0 && version.Length == 0)
        {
            value["kind"] = expected.Kind;
            value["apiVersion"] = expected.ApiVersion;
            return;
        }

        if (kind.Length == 0)
        {
            throw Failures.BadRequest($"Object 'Kind' is missing in '{value.ToJsonString()}'");
        }

        if (kind != expected.Kind)
        {
            var given = version[(version.IndexOf('/', StringComparison.Ordinal) + 1)..];
            var group = expected.Group.Length == 0 ? "core" : expected.Group.Split('.')[0];
            throw Failures.BadRequest($"{kind} in version \"{given}\" cannot be handled as a {expected.Kind}: converting ({given}.{kind}) to ({group}.{expected.Kind}): unknown conversion");
        }

        if (version != expected.ApiVersion)
        {
            throw Failures.BadRequest($"the API version in the data ({version}) does not match the expected API version ({expected.ApiVersion})");
        }
    }

    public static JsonObject ReadProtobuf(ReadOnlyMemory<byte> body)
    {
        try
        {
            return ProtobufReader.Read(body.Span);
        }
        catch (ProtobufException error)
        {
            throw Failures.BadRequest(error.Message);
        }
    }

    public static bool IsProtobuf(string? contentType) => contentType?.StartsWith("application/vnd.kubernetes.protobuf", StringComparison.Ordinal) == true;

    public static bool IsYaml(string? contentType) => contentType?.Contains("yaml", StringComparison.OrdinalIgnoreCase) == true;

    private static string Word(JsonNode? node) => node switch { JsonArray => "array", null => "null", _ when node.AsString() is not null => "string", _ when node.IsNumber() => "number", _ => "bool" };

    private static string Shown(ReadOnlySpan<byte> body) => Encoding.UTF8.GetString(body.Length > 4096 ? body[..4096] : body);

    private static string Hex(ReadOnlySpan<byte> body) => Convert.ToHexStringLower(body.Length > 2048 ? body[..2048] : body);
}
