using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Printing;
using Flotilla.Api.Validation;
using Flotilla.Cel;

namespace Flotilla.Api.Kinds.ApiExtensions;

/// <summary>One version of a definition: its schema, subresources, columns and selectable fields.</summary>
internal static class VersionRules
{
    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];

    /// <summary>What all versions share stands at the top in upstream's messages, under the names of old.</summary>
    public static (string Schema, string Version) PathOf(IReadOnlyList<JsonObject> versions, int i)
    {
        var shared = versions.All(version => version["schema"].SameAs(versions[0]["schema"]));
        var at = FieldRules.Indexed("spec.versions", i);
        return (shared ? "spec.validation.openAPIV3Schema" : $"{at}.schema.openAPIV3Schema", versions.Count == 1 ? "spec" : at);
    }

    public static IEnumerable<FieldError> Check(JsonObject version, (string Schema, string Version) path, int i)
    {
        var schema = version.Object("schema").Object("openAPIV3Schema");
        var errors = schema is null
            ? [FieldError.Required($"{FieldRules.Indexed("spec.versions", i)}.schema.openAPIV3Schema")]
            : CheckSchema(schema, path.Schema);
        return errors.Concat(CheckScale(version.Object("subresources").Object("scale"), $"{path.Version}.subresources.scale"))
            .Concat(CheckColumns(version, $"{path.Version}.additionalPrinterColumns"))
            .Concat(CheckSelectable(version, $"{path.Version}.selectableFields"))
            .Concat(CheckWarning(version, i));
    }

    // Rules rely on a schema that is sound.
    private static IEnumerable<FieldError> CheckSchema(JsonObject schema, string path) => SchemaRules.Check(schema, path).ToList() is { Count: > 0 } errors
        ? errors
        : SchemaValidations.Compile(schema, path).Errors.Select(error => new FieldError(error.Type, error.Field, error.Body));

    private static IEnumerable<FieldError> CheckScale(JsonObject? scale, string path)
    {
        if (scale is null)
        {
            yield break;
        }

        foreach (var (field, below, isRequired) in new[] { ("specReplicasPath", ".spec", true), ("statusReplicasPath", ".status", true), ("labelSelectorPath", ".status", false) })
        {
            if (scale.String(field) is not { Length: > 0 } given)
            {
                if (isRequired)
                {
                    yield return FieldError.Required($"{path}.{field}");
                }
            }
            else if (!given.StartsWith(below + ".", StringComparison.Ordinal) && !(field == "labelSelectorPath" && given.StartsWith(".spec.", StringComparison.Ordinal)))
            {
                yield return FieldError.Invalid($"{path}.{field}", given, field == "labelSelectorPath" ? "should be a json path under either .status or .spec" : $"should be a json path under {below}");
            }
        }
    }

    private static IEnumerable<FieldError> CheckColumns(JsonObject version, string path)
    {
        foreach (var (column, i) in version.Objects("additionalPrinterColumns").Select((column, i) => (column, i)))
        {
            var at = FieldRules.Indexed(path, i);
            if (column.String("name") is not { Length: > 0 })
            {
                yield return FieldError.Required($"{at}.name");
            }

            if (column.String("type") is not { Length: > 0 } type)
            {
                yield return FieldError.Required($"{at}.type", $"must be one of {string.Join(',', ColumnTypes)}");
            }
            else if (!ColumnTypes.Contains(type))
            {
                yield return FieldError.Invalid($"{at}.type", type, $"must be one of {string.Join(',', ColumnTypes)}");
            }

            if (column.String("jsonPath") is not { Length: > 0 } given)
            {
                yield return FieldError.Required($"{at}.jsonPath");
            }
            else if (Problem(given) is { } wrong)
            {
                yield return FieldError.Invalid($"{at}.jsonPath", given, $"jsonPath must be a valid path: {wrong}");
            }
        }
    }

    private static IEnumerable<FieldError> CheckSelectable(JsonObject version, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (field, i) in version.Objects("selectableFields").Select((field, i) => (field, i)))
        {
            var at = $"{FieldRules.Indexed(path, i)}.jsonPath";
            var given = field.String("jsonPath") ?? "";
            if (given.Length == 0)
            {
                yield return FieldError.Required(at);
            }
            else if (!given.StartsWith('.') || given.Contains('[', StringComparison.Ordinal) || given.StartsWith(".metadata", StringComparison.Ordinal))
            {
                yield return FieldError.Invalid(at, given, given.StartsWith(".metadata", StringComparison.Ordinal) ? "must not point to fields in metadata" : "is an invalid path: must be a simple path of fields");
            }
            else if (!seen.Add(given))
            {
                yield return FieldError.Duplicate(at, given);
            }
        }
    }

    private static IEnumerable<FieldError> CheckWarning(JsonObject version, int i) => version.String("deprecationWarning") switch
    {
        { Length: > 0 } given when version.Boolean("deprecated") != true => [FieldError.Invalid($"{FieldRules.Indexed("spec.versions", i)}.deprecationWarning", given, "can only be set for deprecated versions")],
        { Length: > 256 } given => [FieldError.Invalid($"{FieldRules.Indexed("spec.versions", i)}.deprecationWarning", given, "must be <= 256 characters long")],
        _ => [],
    };

    private static string? Problem(string path)
    {
        try
        {
            JsonPath.Parse(path);
            return path.StartsWith('.') ? null : "must start with a dot";
        }
        catch (FormatException error)
        {
            return error.Message;
        }
    }
}
