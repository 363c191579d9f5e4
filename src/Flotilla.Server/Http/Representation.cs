using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Schema;
using Flotilla.Server.Objects;

namespace Flotilla.Server.Http;

public enum Shape
{
    Object,
    Table,
    Metadata,
}

public enum MediaFormat
{
    Json,
    Yaml,
    Protobuf,
}

/// <summary>What the client wants back: the object, a table of it, or its metadata alone; as JSON, YAML or protobuf.</summary>
/// <param name="MetaVersion">apiVersion of tables and metadata, as asked for.</param>
public sealed record Representation(Shape Shape, MediaFormat Format, string MetaVersion = "meta.k8s.io/v1")
{
    public static readonly Representation Json = new(Shape.Object, MediaFormat.Json);

    public string ContentType => Format switch
    {
        MediaFormat.Yaml => "application/yaml",
        MediaFormat.Protobuf => ProtobufWriter.MediaType,
        _ => "application/json",
    };

    public string WatchContentType => Format == MediaFormat.Json ? ContentType : ContentType + ";stream=watch";

    /// <summary>The first of the client's wishes, in the order of their weights, that can be met.</summary>
    /// <param name="protobuf">The resource has a protobuf form.</param>
    /// <param name="watch">The answer is a stream.</param>
    /// <param name="shapes">The answer may be had as a table or as metadata alone.</param>
    /// <exception cref="Api.ApiException">406: nothing the client accepts is offered.</exception>
    public static Representation Negotiate(string accept, bool protobuf = true, bool watch = false, bool shapes = true)
    {
        if (accept.Length == 0 || accept == "application/json")
        {
            return Json;
        }

        var known = false;
        foreach (var clause in Clauses(accept))
        {
            foreach (var format in Offered(clause[0]))
            {
                known = true;
                if (Accepts(clause, format, protobuf, watch) is { } representation && (shapes || representation.Shape == Shape.Object))
                {
                    return representation;
                }
            }
        }

        throw known ? Failures.NotAccepted(protobuf, watch) : Failures.NotAcceptable();
    }

    /// <summary>Null instead of a refusal: failures are told even to those who accept nothing.</summary>
    public static Representation? TryNegotiate(string accept)
    {
        foreach (var clause in Clauses(accept))
        {
            foreach (var format in Offered(clause[0]))
            {
                if (Accepts(clause, format, protobuf: true, watch: false) is { } representation)
                {
                    return representation;
                }
            }
        }

        return null;
    }

    public ApiAnswer Answer(JsonNode value, int code = 200, IReadOnlyList<string>? warnings = null) =>
        new() { Code = code, ContentType = ContentType, Body = Encode(value), Warnings = warnings ?? [] };

    /// <summary>A tree as a whole body in this format; kinds without a protobuf form stay JSON.</summary>
    public byte[] Encode(JsonNode value)
    {
        switch (Format)
        {
            case MediaFormat.Yaml:
                return YamlWriter.Write(value);
            case MediaFormat.Protobuf when KindOf(value) is { } kind && MessageTable.Find(kind) is { } type:
                return ProtobufWriter.Body(kind, ProtobufWriter.Message(StoredObject.Serialize(value), type));
            default:
                return StoredObject.Serialize(value);
        }
    }

    public static ResourceKind? KindOf(JsonNode value)
    {
        if (value.String("kind") is not { } kind || value.String("apiVersion") is not { } version)
        {
            return null;
        }

        var at = version.IndexOf('/', StringComparison.Ordinal);
        return at < 0 ? new ResourceKind("", version, kind) : new ResourceKind(version[..at], version[(at + 1)..], kind);
    }

    /// <summary>Whether objects of a kind can go out as protobuf.</summary>
    public static bool HasProtobuf(Kind kind) => MessageTable.Find(kind.Identity) is not null;

    private static IEnumerable<string[]> Clauses(string accept) => accept
        .Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
        .Select(clause => clause.Split(';', StringSplitOptions.TrimEntries))
        .OrderByDescending(Weight)
        .ThenBy(clause => clause[0] == "*/*" ? 2 : clause[0].EndsWith("/*", StringComparison.Ordinal) ? 1 : 0);

    private static double Weight(string[] clause) =>
        Parameter(clause, "q") is { } text && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var weight) ? weight : 1;

    private static MediaFormat[] Offered(string media) => media switch
    {
        "application/json" => [MediaFormat.Json],
        "application/yaml" => [MediaFormat.Yaml],
        ProtobufWriter.MediaType => [MediaFormat.Protobuf],
        "*/*" or "application/*" => [MediaFormat.Json, MediaFormat.Yaml, MediaFormat.Protobuf],
        _ => [],
    };

    private static Representation? Accepts(string[] clause, MediaFormat format, bool protobuf, bool watch)
    {
        var stream = Parameter(clause, "stream") ?? "";
        if ((watch && format == MediaFormat.Yaml) || (stream.Length > 0 && (stream != "watch" || format == MediaFormat.Yaml)))
        {
            return null;
        }

        switch (Parameter(clause, "as"), Parameter(clause, "g") ?? "", Parameter(clause, "v") ?? "")
        {
            case (null, "", "") when protobuf || format != MediaFormat.Protobuf:
                return new Representation(Shape.Object, format);
            case ("Table", "meta.k8s.io", "v1" or "v1beta1") when format != MediaFormat.Protobuf:
                return new Representation(Shape.Table, format, "meta.k8s.io/" + Parameter(clause, "v"));
            case ("PartialObjectMetadata" or "PartialObjectMetadataList", "meta.k8s.io", "v1" or "v1beta1"):
                return new Representation(Shape.Metadata, format, "meta.k8s.io/" + Parameter(clause, "v"));
            default:
                return null;
        }
    }

    private static string? Parameter(string[] clause, string name)
    {
        for (var i = 1; i < clause.Length; i++)
        {
            var at = clause[i].IndexOf('=', StringComparison.Ordinal);
            if (at > 0 && clause[i].AsSpan(0, at).TrimEnd().SequenceEqual(name))
            {
                return clause[i][(at + 1)..].Trim();
            }
        }

        return null;
    }
}
