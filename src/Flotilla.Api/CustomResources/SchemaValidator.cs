using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.CustomResources;

/// <summary>
/// Checks values against an OpenAPI v3 schema and words what is wrong as upstream's validator does. On updates a part
/// that did not change is not judged again, so that a schema may become stricter under existing objects. Immutable.
/// </summary>
public sealed class SchemaValidator
{
    private static readonly TimeSpan RegexLimit = TimeSpan.FromSeconds(1);

    private readonly JsonObject schema;
    private readonly string? type;
    private readonly bool isIntOrString;
    private readonly bool isNullable;
    private readonly Regex? pattern;
    private readonly Dictionary<string, SchemaValidator> properties;
    private readonly SchemaValidator? items;
    private readonly SchemaValidator? values;
    private readonly SchemaValidator? not;
    private readonly SchemaValidator[] allOf;
    private readonly SchemaValidator[] anyOf;
    private readonly SchemaValidator[] oneOf;
    private readonly string[] mapKeys;

    /// <exception cref="RegexParseException">A pattern is no regular expression.</exception>
    public SchemaValidator(JsonObject schema)
    {
        this.schema = schema;
        type = schema.String("type");
        isIntOrString = schema.Boolean("x-kubernetes-int-or-string") == true;
        isNullable = schema.Boolean("nullable") == true;
        pattern = schema.String("pattern") is { Length: > 0 } text ? new Regex(text, RegexOptions.NonBacktracking, RegexLimit) : null;
        properties = (schema.Object("properties") ?? []).Where(pair => pair.Value is JsonObject).ToDictionary(pair => pair.Key, pair => new SchemaValidator((JsonObject)pair.Value!), StringComparer.Ordinal);
        items = One("items");
        values = One("additionalProperties");
        not = One("not");
        (allOf, anyOf, oneOf) = (Many("allOf"), Many("anyOf"), Many("oneOf"));
        mapKeys = schema.String("x-kubernetes-list-type") == "map" ? [.. (schema.Array("x-kubernetes-list-map-keys") ?? []).Select(key => key.AsString() ?? "")] : [];
    }

    public IReadOnlyList<FieldError> Check(JsonNode? value, JsonNode? old, string path = "")
    {
        var errors = new List<FieldError>();
        Check(value, old, path, errors);
        return errors;
    }

    private SchemaValidator? One(string name) => schema.Object(name) is { } child ? new SchemaValidator(child) : null;

    private SchemaValidator[] Many(string name) => [.. schema.Objects(name).Select(child => new SchemaValidator(child))];

    private void Check(JsonNode? value, JsonNode? old, string path, List<FieldError> errors)
    {
        if (old is not null && old.SameAs(value))
        {
            return;
        }

        if (value is null && isNullable)
        {
            return;
        }

        if (!HasType(value))
        {
            errors.Add(new FieldError("FieldValueTypeInvalid", path, $"Invalid value: \"{TypeOf(value)}\": {Where(path)} must be of type {(isIntOrString ? "integer,string" : type)}: \"{TypeOf(value)}\""));
            return;
        }

        CheckEnum(value, path, errors);
        switch (value)
        {
            case JsonObject map:
                CheckObject(map, old as JsonObject, path, errors);
                break;
            case JsonArray list:
                CheckList(list, old as JsonArray, path, errors);
                break;
            case not null when value.AsString() is { } text:
                CheckText(text, path, errors);
                break;
            case not null when value.IsNumber():
                CheckNumber(value.AsValue(), path, errors);
                break;
        }

        CheckCombinations(value, path, errors);
    }

    private void CheckEnum(JsonNode? value, string path, List<FieldError> errors)
    {
        if (schema.Array("enum") is { Count: > 0 } allowed && !allowed.Any(item => item.SameAs(value)))
        {
            errors.Add(FieldError.NotSupported(path, value, allowed.Select(item => item.AsString() ?? item?.ToJsonString() ?? "null")));
        }
    }

    private void CheckObject(JsonObject map, JsonObject? old, string path, List<FieldError> errors)
    {
        if (schema.Integer("minProperties") is { } least && map.Count < least)
        {
            errors.Add(Wrong(path, JsonValue.Create(map.Count), string.Create(CultureInfo.InvariantCulture, $"should have at least {least} properties")));
        }

        if (schema.Integer("maxProperties") is { } most && map.Count > most)
        {
            errors.Add(FieldError.TooMany(path, map.Count, (int)most));
        }

        foreach (var required in schema.Array("required") ?? [])
        {
            if (required.AsString() is { } name && !map.ContainsKey(name))
            {
                errors.Add(FieldError.Required(Below(path, name)));
            }
        }

        foreach (var (name, child) in map)
        {
            if (properties.TryGetValue(name, out var property))
            {
                property.Check(child, old?[name], Below(path, name), errors);
            }
            else
            {
                values?.Check(child, old?[name], Below(path, name), errors);
            }
        }
    }

    private void CheckList(JsonArray list, JsonArray? old, string path, List<FieldError> errors)
    {
        if (schema.Integer("minItems") is { } least && list.Count < least)
        {
            errors.Add(Wrong(path, JsonValue.Create(list.Count), string.Create(CultureInfo.InvariantCulture, $"should have at least {least} items")));
        }

        if (schema.Integer("maxItems") is { } most && list.Count > most)
        {
            errors.Add(FieldError.TooMany(path, list.Count, (int)most));
        }

        if (items is null)
        {
            return;
        }

        for (var i = 0; i < list.Count; i++)
        {
            items.Check(list[i], Counterpart(list[i], old), string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), errors);
        }
    }

    /// <summary>The element of the old list with the same keys; lists without keys have none.</summary>
    private JsonNode? Counterpart(JsonNode? item, JsonArray? old) =>
        mapKeys.Length == 0 || item is not JsonObject element ? null : old?.OfType<JsonObject>().FirstOrDefault(other => mapKeys.All(key => other[key].SameAs(element[key])));

    private void CheckText(string text, string path, List<FieldError> errors)
    {
        var length = new StringInfo(text).LengthInTextElements;
        if (schema.Integer("minLength") is { } least && length < least)
        {
            errors.Add(Wrong(path, text, string.Create(CultureInfo.InvariantCulture, $"should be at least {least} chars long")));
        }

        if (schema.Integer("maxLength") is { } most && length > most)
        {
            errors.Add(FieldError.TooLong(path, (int)most));
        }

        if (pattern is not null && !pattern.IsMatch(text))
        {
            errors.Add(Wrong(path, text, $"should match '{schema.String("pattern")}'"));
        }

        if (!isIntOrString && schema.String("format") is { Length: > 0 } format && !Formats.Accepts(format, text))
        {
            errors.Add(new FieldError("FieldValueTypeInvalid", path, $"Invalid value: \"{text}\": {Where(path)} must be of type {format}: \"{text}\""));
        }
    }

    private void CheckNumber(JsonValue value, string path, List<FieldError> errors)
    {
        var number = Number(value);
        string Text(string field) => schema[field]!.ToJsonString();
        if (Limit("minimum") is { } least && (schema.Boolean("exclusiveMinimum") == true ? number <= least : number < least))
        {
            errors.Add(Wrong(path, value, $"should be greater than {(schema.Boolean("exclusiveMinimum") == true ? "" : "or equal to ")}{Text("minimum")}"));
        }

        if (Limit("maximum") is { } most && (schema.Boolean("exclusiveMaximum") == true ? number >= most : number > most))
        {
            errors.Add(Wrong(path, value, $"should be less than {(schema.Boolean("exclusiveMaximum") == true ? "" : "or equal to ")}{Text("maximum")}"));
        }

        if (Limit("multipleOf") is { } unit && unit > 0 && Math.Abs((number / unit) - Math.Round(number / unit)) > 1e-9)
        {
            errors.Add(Wrong(path, value, $"should be a multiple of {Text("multipleOf")}"));
        }
    }

    private double? Limit(string name) => schema[name] is { } node && node.IsNumber() ? Number(node) : null;

    private void CheckCombinations(JsonNode? value, string path, List<FieldError> errors)
    {
        foreach (var all in allOf)
        {
            all.Check(value, null, path, errors);
        }

        if (anyOf.Length > 0 && !anyOf.Any(any => any.Check(value, null, path).Count == 0))
        {
            errors.Add(Unplaced($"\"{path}\" must validate at least one schema (anyOf)"));
        }

        if (oneOf.Length > 0 && oneOf.Count(one => one.Check(value, null, path).Count == 0) is var matches && matches != 1)
        {
            errors.Add(Unplaced($"\"{path}\" must validate one and only one schema (oneOf). {(matches == 0 ? "Found none valid" : string.Create(CultureInfo.InvariantCulture, $"Found {matches} valid alternatives"))}"));
        }

        if (not is not null && not.Check(value, null, path).Count == 0)
        {
            errors.Add(Unplaced($"\"{path}\" must not validate the schema (not)"));
        }
    }

    private bool HasType(JsonNode? value)
    {
        var given = TypeOf(value);
        return isIntOrString ? given is "integer" or "string" : string.IsNullOrEmpty(type) || given == type || (type == "number" && given == "integer");
    }

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), NumberStyles.Float, CultureInfo.InvariantCulture);

    private static string TypeOf(JsonNode? value) => value switch
    {
        null => "null",
        JsonObject => "object",
        JsonArray => "array",
        _ => value.GetValueKind() switch
        {
            JsonValueKind.String => "string",
            JsonValueKind.Number => Number(value) is var number && number == Math.Floor(number) ? "integer" : "number",
            _ => "boolean",
        },
    };

    private static FieldError Wrong(string path, JsonNode? value, string what) => FieldError.Invalid(path, value?.DeepClone(), $"{Where(path)} {what}");

    private static FieldError Wrong(string path, string value, string what) => Wrong(path, JsonValue.Create(value), what);

    // Upstream gives these no field.
    private static FieldError Unplaced(string what) => FieldError.Invalid("<nil>", "", what);

    private static string Where(string path) => path.Length == 0 ? "in body" : $"{path} in body";

    private static string Below(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
