using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.CustomResources;

/// <summary>
/// What a definition's schema must be to be structural: every field has one type that stands outside of value rules,
/// lists and maps say how they are owned, defaults obey the schema they stand in.
/// </summary>
internal static class SchemaRules
{
    private static readonly string[] Unsupported = ["id", "additionalItems", "patternProperties", "definitions", "dependencies", "$ref", "$schema"];
    private static readonly string[] Structural = ["type", "default", "title", "description", "additionalProperties", "nullable", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "x-kubernetes-list-type", "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-validations"];
    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    public static IEnumerable<FieldError> Check(JsonObject root, string path)
    {
        var type = root.String("type");
        if (string.IsNullOrEmpty(type))
        {
            yield return FieldError.Required($"{path}.type", "must not be empty at the root");
        }
        else if (type != "object")
        {
            yield return FieldError.Invalid($"{path}.type", type, "must be object at the root");
        }

        if (root.Boolean("nullable") == true)
        {
            yield return FieldError.Forbidden($"{path}.nullable", "nullable cannot be true at the root");
        }

        foreach (var error in CheckMetadata(root, path).Concat(CheckNode(root, path, isRoot: true)))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckMetadata(JsonObject root, string path)
    {
        if (root.Object("properties").Object("metadata") is not { } metadata)
        {
            yield break;
        }

        var at = $"{path}.properties[metadata]";
        if (metadata.String("type") is { } type && type != "object")
        {
            yield return FieldError.Invalid($"{at}.type", type, "must be object");
        }

        if (metadata.Any(pair => pair.Key is not ("type" or "properties" or "description" or "title")) || (metadata.Object("properties") ?? []).Any(pair => pair.Key is not ("name" or "generateName")))
        {
            yield return FieldError.Forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified");
        }
    }

    private static IEnumerable<FieldError> CheckNode(JsonObject schema, string path, bool isRoot = false, bool isItem = false)
    {
        foreach (var error in CheckType(schema, path, isRoot, isItem).Concat(CheckSupported(schema, path)).Concat(CheckLists(schema, path)).Concat(CheckValueRules(schema, path)).Concat(CheckDefault(schema, path, isRoot)))
        {
            yield return error;
        }

        if (schema.Object("properties") is { Count: > 0 } properties)
        {
            if (schema["additionalProperties"] is not null && schema.Boolean("additionalProperties") != true)
            {
                yield return FieldError.Forbidden($"{path}.additionalProperties", "additionalProperties and properties are mutual exclusive");
            }

            foreach (var error in properties.OrderBy(pair => pair.Key, StringComparer.Ordinal).Where(pair => pair.Value is JsonObject && !(isRoot && pair.Key == "metadata")).SelectMany(pair => CheckNode((JsonObject)pair.Value!, $"{path}.properties[{pair.Key}]")))
            {
                yield return error;
            }
        }

        foreach (var error in (schema.Object("items") is { } items ? CheckNode(items, $"{path}.items", isItem: true) : []).Concat(schema.Object("additionalProperties") is { } values ? CheckNode(values, $"{path}.additionalProperties") : []))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckType(JsonObject schema, string path, bool isRoot, bool isItem)
    {
        var type = schema.String("type") ?? "";
        var isIntOrString = schema.Boolean("x-kubernetes-int-or-string") == true;
        var preserves = schema.Boolean("x-kubernetes-preserve-unknown-fields") == true;
        if (type.Length == 0 && !isRoot && !isIntOrString && !preserves)
        {
            yield return FieldError.Required($"{path}.type", isItem ? "must not be empty for specified array items" : "must not be empty for specified object fields");
        }
        else if (type.Length > 0 && !Types.Contains(type))
        {
            yield return FieldError.NotSupported($"{path}.type", type, Types);
        }

        if (isIntOrString && type.Length > 0)
        {
            yield return FieldError.Invalid($"{path}.type", type, "must be empty if x-kubernetes-int-or-string is true");
        }

        if (schema.Boolean("x-kubernetes-embedded-resource") == true && type != "object")
        {
            yield return type.Length == 0 ? FieldError.Required($"{path}.type", "must be object if x-kubernetes-embedded-resource is true") : FieldError.Invalid($"{path}.type", type, "must be object if x-kubernetes-embedded-resource is true");
        }

        if (schema.Boolean("x-kubernetes-preserve-unknown-fields") == false)
        {
            yield return FieldError.Invalid($"{path}.x-kubernetes-preserve-unknown-fields", JsonValue.Create(false), "must be true or undefined");
        }

        if (type == "array" && schema["items"] is null)
        {
            yield return FieldError.Required($"{path}.items", "must be specified");
        }
    }

    private static IEnumerable<FieldError> CheckSupported(JsonObject schema, string path)
    {
        foreach (var name in Unsupported.Where(name => schema[name] is not null))
        {
            yield return FieldError.Forbidden($"{path}.{name}", $"{name} is not supported");
        }

        if (schema.Boolean("uniqueItems") == true)
        {
            yield return FieldError.Forbidden($"{path}.uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        }

        if (schema["items"] is JsonArray)
        {
            yield return FieldError.Forbidden($"{path}.items", "items must be a schema object and not an array");
        }

        if (schema.String("pattern") is { Length: > 0 } pattern && PatternProblem(pattern) is { } wrong)
        {
            yield return FieldError.Invalid($"{path}.pattern", pattern, $"must be a valid regular expression, but isn't: {wrong}");
        }
    }

    private static string? PatternProblem(string pattern)
    {
        try
        {
            _ = new Regex(pattern, RegexOptions.NonBacktracking, TimeSpan.FromSeconds(1));
            return null;
        }
        catch (Exception error) when (error is ArgumentException or NotSupportedException)
        {
            return error.Message;
        }
    }

    private static IEnumerable<FieldError> CheckLists(JsonObject schema, string path)
    {
        var list = schema.String("x-kubernetes-list-type");
        if (list is not null && schema.String("type") != "array")
        {
            yield return schema.String("type") is { Length: > 0 } type ? FieldError.Invalid($"{path}.type", type, "must be array if x-kubernetes-list-type is specified") : FieldError.Required($"{path}.type", "must be array if x-kubernetes-list-type is specified");
        }

        if (list is not (null or "atomic" or "set" or "map"))
        {
            yield return FieldError.NotSupported($"{path}.x-kubernetes-list-type", list, ["atomic", "map", "set"]);
        }

        var keys = (schema.Array("x-kubernetes-list-map-keys") ?? []).Select(key => key.AsString() ?? "").ToList();
        if (list != "map")
        {
            if (keys.Count > 0)
            {
                yield return list is null ? FieldError.Required($"{path}.x-kubernetes-list-type", "must be map if x-kubernetes-list-map-keys is non-empty") : FieldError.Invalid($"{path}.x-kubernetes-list-type", list, "must be map if x-kubernetes-list-map-keys is non-empty");
            }

            yield break;
        }

        if (keys.Count == 0)
        {
            yield return FieldError.Required($"{path}.x-kubernetes-list-map-keys", "must not be empty if x-kubernetes-list-type is map");
        }

        foreach (var error in CheckKeys(schema.Object("items"), keys, path))
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckKeys(JsonObject? items, List<string> keys, string path)
    {
        var properties = items.Object("properties");
        var required = (items.Array("required") ?? []).Select(name => name.AsString()).ToHashSet();
        for (var i = 0; i < keys.Count; i++)
        {
            if (properties.Object(keys[i]) is not { } property)
            {
                yield return FieldError.Invalid(string.Create(CultureInfo.InvariantCulture, $"{path}.x-kubernetes-list-map-keys[{i}]"), keys[i], "entries must all be names of item properties");
            }
            else if (property.String("type") is "array" or "object")
            {
                yield return FieldError.Invalid($"{path}.items.properties[{keys[i]}].type", property.String("type")!, "must be a scalar type if parent array's x-kubernetes-list-type is map");
            }
            else if (!required.Contains(keys[i]) && property["default"] is null)
            {
                yield return FieldError.Required($"{path}.items.properties[{keys[i]}].default", "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            }
        }
    }

    /// <summary>What stands in allOf, anyOf, oneOf and not judges values; it must not describe structure.</summary>
    private static IEnumerable<FieldError> CheckValueRules(JsonObject schema, string path)
    {
        var isIntOrString = schema.Boolean("x-kubernetes-int-or-string") == true;
        foreach (var junctor in (string[])["allOf", "anyOf", "oneOf"])
        {
            foreach (var (child, i) in schema.Objects(junctor).Select((child, i) => (child, i)))
            {
                foreach (var error in CheckValueRule(child, string.Create(CultureInfo.InvariantCulture, $"{path}.{junctor}[{i}]"), isIntOrString))
                {
                    yield return error;
                }
            }
        }

        if (schema.Object("not") is { } not)
        {
            foreach (var error in CheckValueRule(not, $"{path}.not", isIntOrString))
            {
                yield return error;
            }
        }
    }

    private static IEnumerable<FieldError> CheckValueRule(JsonObject rule, string path, bool mayHaveType)
    {
        foreach (var name in Structural.Where(name => rule[name] is not null && !(name == "type" && mayHaveType)))
        {
            yield return FieldError.Forbidden($"{path}.{name}", "must be empty to be structural");
        }

        var below = (rule.Object("properties") ?? []).Where(pair => pair.Value is JsonObject).SelectMany(pair => CheckValueRule((JsonObject)pair.Value!, $"{path}.properties[{pair.Key}]", false))
            .Concat(rule.Object("items") is { } items ? CheckValueRule(items, $"{path}.items", false) : [])
            .Concat(CheckValueRules(rule, path));
        foreach (var error in below)
        {
            yield return error;
        }
    }

    private static IEnumerable<FieldError> CheckDefault(JsonObject schema, string path, bool isRoot)
    {
        if (schema["default"] is not { } given)
        {
            return [];
        }

        if (isRoot)
        {
            return [FieldError.Forbidden($"{path}.default", "must not be set at the root")];
        }

        var structural = StructuralSchema.Of(schema);
        var filled = given.DeepClone();
        Defaulting.Fill(filled, structural);
        return PatternsAreSound(schema) ? new SchemaValidator(schema).Check(filled, null).Concat(ListRules.Check(filled, structural)).Select(error => error with { Field = $"{path}.default{(error.Field.Length > 0 ? "." : "")}{error.Field}" }) : [];
    }

    private static bool PatternsAreSound(JsonObject schema) =>
        (schema.String("pattern") is not { Length: > 0 } pattern || PatternProblem(pattern) is null)
        && schema.All(pair => pair.Value switch
        {
            JsonObject child when pair.Key is not ("default" or "example") => PatternsAreSound(child),
            JsonArray list => list.OfType<JsonObject>().All(PatternsAreSound),
            _ => true,
        });
}
