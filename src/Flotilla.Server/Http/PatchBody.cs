using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Patching;
using Flotilla.Api.Validation;

namespace Flotilla.Server.Http;

/// <summary>A patch of one of the three kinds that change an object, read once and applicable many times.</summary>
public sealed class PatchBody
{
    private const string Json = "application/json-patch+json";
    private const string Merge = "application/merge-patch+json";
    private const string Strategic = "application/strategic-merge-patch+json";
    private const string Apply1 = "application/apply-patch+yaml";

    private readonly string media;
    private readonly JsonNode? patch;
    private readonly StrictProblems problems;

    private PatchBody(string media, JsonNode? patch, StrictProblems problems)
    {
        this.media = media;
        this.patch = patch;
        this.problems = problems;
    }

    public static bool IsApply(string? contentType) => MediaOf(contentType) == Apply1;

    public static PatchBody Read(ApiRequest request)
    {
        var media = MediaOf(request.ContentType);
        if (media is not (Json or Merge or Strategic))
        {
            throw Failures.UnsupportedMediaType();
        }

        try
        {
            var problems = new StrictProblems();
            return new PatchBody(media, GoJson.Parse(request.Body.Span, problems.Duplicates), problems);
        }
        catch (GoJsonException error)
        {
            throw Failures.BadRequest($"error decoding patch: {error.Message}");
        }
    }

    /// <summary>An apply configuration: sparse, so nothing is filled in.</summary>
    public static (JsonObject Applied, IReadOnlyList<string> Warnings) ReadApplied(ApiRequest request, Kind kind)
    {
        JsonObject applied;
        var problems = new StrictProblems();
        try
        {
            applied = YamlReader.Parse(request.Body.Span, problems.Lines) as JsonObject ?? throw Failures.BadRequest("error decoding YAML: the configuration is not an object");
        }
        catch (GoJsonException error)
        {
            throw Failures.BadRequest($"error decoding YAML: {error.Message}");
        }

        if (applied.String("kind") is not { } given || given != kind.Name || applied.String("apiVersion") != kind.Identity.ApiVersion)
        {
            throw Failures.BadRequest($"invalid object type: {applied.String("apiVersion")}, Kind={applied.String("kind")}");
        }

        // Values are checked and brought to canonical text on a filled copy; only what was given is kept.
        var filled = applied.Copy();
        if (BodyReader.FindUnknown(filled, kind) is { Count: > 0 } unknown)
        {
            throw Undeclared(applied, kind, unknown);
        }

        return request["fieldValidation"] switch
        {
            "Strict" when problems.Lines.Count > 0 => throw Failures.BadRequest($"error strict decoding YAML: error converting YAML to JSON: {problems.YamlError}"),
            "Ignore" => (Prune(applied, filled), []),
            _ => (Prune(applied, filled), problems.Lines),
        };
    }

    public (JsonObject Next, IReadOnlyList<string> Warnings) Apply(JsonObject current, Kind kind, string? fieldValidation)
    {
        if (kind.Custom is not null && media == Strategic)
        {
            throw Failures.Of(415, "UnsupportedMediaType", $"the body of the request was in an unknown format - accepted media types include: {Json}, {Merge}, {Apply1}", new k8s.Models.V1StatusDetails());
        }

        JsonNode? next;
        try
        {
            next = media switch
            {
                Json => JsonPatch.Apply(current, patch),
                Merge => MergePatch.Apply(current, RequireObject()),
                _ => StrategicMerge.Apply(current, RequireObject(), kind.Schema),
            };
        }
        catch (PatchException error)
        {
            throw error.Unprocessable
                ? Failures.Of(422, "Invalid", "the server rejected our request due to an error in our request", new k8s.Models.V1StatusDetails())
                : Failures.BadRequest(error.Message);
        }

        if (next is not JsonObject value)
        {
            throw Failures.BadRequest("the patched value is not an object");
        }

        var shown = fieldValidation == "Strict" ? (media == Strategic ? GoText.Of(patch) : Flat(value)) : "";
        var unknown = BodyReader.FindUnknown(value, kind);
        return fieldValidation switch
        {
            "Ignore" => (value, []),
            "Strict" when problems.Errors(unknown, inOrder: false) is { Count: > 0 } errors => throw Failures.Invalid("", "", "", [FieldError.Invalid("patch", shown, $"strict decoding error: {string.Join(", ", errors)}")]),
            _ => (value, problems.Warnings(unknown, inOrder: false)),
        };
    }

    // Apply works on typed values: what the type does not declare is an error however lenient the client is.
    private static ApiException Undeclared(JsonObject applied, Kind kind, IReadOnlyList<string> unknown)
    {
        var metadata = applied.Object("metadata");
        var paths = unknown.Select(path => $"{AppliedPath.Of(applied, kind.Schema, path)}: field not declared in schema").ToList();
        var all = paths.Count == 1 ? paths[0] : $"errors:\n  {string.Join("\n  ", paths)}";
        return Failures.Of(500, "", $"failed to create typed patch object ({metadata.String("namespace")}/{metadata.String("name")}; {kind.Identity.ApiVersion}, Kind={kind.Name}): {all}");
    }

    private static string Flat(JsonObject value) => System.Text.Encoding.UTF8.GetString(Flotilla.Server.Objects.StoredObject.Serialize(value));

    private JsonObject RequireObject() => patch as JsonObject ?? throw Failures.BadRequest("error decoding patch: json: cannot unmarshal array into Go value of type map[string]interface {}");

    private static string? MediaOf(string? contentType) => contentType?.Split(';')[0].Trim();

    private static JsonObject Prune(JsonObject given, JsonObject filled)
    {
        var kept = new JsonObject();
        foreach (var (name, value) in given)
        {
            if (filled[name] is { } normal)
            {
                kept[name] = Prune(value, normal);
            }
        }

        return kept;
    }

    private static JsonNode? Prune(JsonNode? given, JsonNode? filled) => (given, filled) switch
    {
        (JsonObject left, JsonObject right) => Prune(left, right),
        (JsonArray left, JsonArray right) when left.Count == right.Count => new JsonArray([.. left.Zip(right, Prune)]),
        _ => filled?.DeepClone(),
    };
}
