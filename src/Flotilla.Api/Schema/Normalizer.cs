using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Quantities;

namespace Flotilla.Api.Schema;

/// <summary>A value of the wrong type, in the words upstream's decoder uses.</summary>
public sealed class DecodeException(string message) : Exception(message);

/// <summary>
/// Brings an object to the form the API stores: only fields of its type, values of the right type in canonical text,
/// always-present fields filled. Unknown fields are removed and reported by path.
/// </summary>
public sealed class Normalizer
{
    private readonly List<string> unknown = [];

    /// <summary>Paths of removed fields, in order of appearance.</summary>
    public IReadOnlyList<string> UnknownFields => unknown;

    /// <exception cref="DecodeException">A value does not have the type its field demands.</exception>
    public void Normalize(JsonObject value, TypeSchema type) => NormalizeObject(value, type, "", type.GoStruct);

    private void NormalizeObject(JsonObject value, TypeSchema type, string path, string parent)
    {
        if (type.FreeForm)
        {
            return;
        }

        foreach (var (name, child) in value.ToArray())
        {
            var childPath = path.Length == 0 ? name : $"{path}.{name}";
            if (!type.Fields.TryGetValue(name, out var field))
            {
                unknown.Add(childPath);
                value.Remove(name);
                continue;
            }

            if (child is null)
            {
                if (!ZeroValues.IsNull(type, field))
                {
                    value.Remove(name);
                }

                continue;
            }

            var normal = NormalizeValue(child, field.Value, childPath, type);
            if (ZeroValues.IsDropped(type, field, normal))
            {
                value.Remove(name);
            }
            else if (!ReferenceEquals(normal, child))
            {
                value[name] = normal;
            }
        }

        foreach (var field in StructFields.Of(type))
        {
            if (value[field.Name] is null)
            {
                var child = value.Child(field.Name);
                NormalizeObject(child, field.Value.Type!, field.Name, type.GoStruct);
            }
        }

        ZeroValues.FillRequired(value, type);
    }

    private JsonNode NormalizeValue(JsonNode value, ValueSchema schema, string path, TypeSchema owner)
    {
        switch (schema.Kind)
        {
            case ValueKind.Object:
                if (schema.Type!.FreeForm)
                {
                    return value;
                }

                if (value is not JsonObject child)
                {
                    throw Mismatch(value, schema, path, owner);
                }

                NormalizeObject(child, schema.Type, path, owner.GoStruct);
                return child;
            case ValueKind.List:
                return NormalizeList(value, schema, path, owner);
            case ValueKind.Map:
                return NormalizeMap(value, schema, path, owner);
            case ValueKind.Any:
                return value;
            default:
                return NormalizeScalar(value, schema, path, owner);
        }
    }

    private JsonArray NormalizeList(JsonNode value, ValueSchema schema, string path, TypeSchema owner)
    {
        if (value is not JsonArray list)
        {
            throw Mismatch(value, schema, path, owner);
        }

        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is { } item)
            {
                var normal = NormalizeValue(item, schema.Element!, $"{path}[{i}]", owner);
                if (!ReferenceEquals(normal, item))
                {
                    list[i] = normal;
                }
            }
        }

        return list;
    }

    private JsonObject NormalizeMap(JsonNode value, ValueSchema schema, string path, TypeSchema owner)
    {
        if (value is not JsonObject map)
        {
            throw Mismatch(value, schema, path, owner);
        }

        foreach (var (key, item) in map.ToArray())
        {
            if (item is null)
            {
                map[key] = schema.Element!.Kind switch { ValueKind.String or ValueKind.Bytes => "", _ => null };
                continue;
            }

            var normal = NormalizeValue(item, schema.Element!, $"{path}.{key}", owner);
            if (!ReferenceEquals(normal, item))
            {
                map[key] = normal;
            }
        }

        return map;
    }

    private static JsonNode NormalizeScalar(JsonNode value, ValueSchema schema, string path, TypeSchema owner)
    {
        var kind = value.GetValueKind();
        switch (schema.Kind)
        {
            case ValueKind.String when kind == JsonValueKind.String:
            case ValueKind.Boolean when kind is JsonValueKind.True or JsonValueKind.False:
            case ValueKind.Double when kind == JsonValueKind.Number:
                return value;
            case ValueKind.Int32 or ValueKind.Int64 when kind == JsonValueKind.Number:
                return Integer(value, schema, path, owner);
            case ValueKind.Bytes when kind == JsonValueKind.String:
                return Base64(value.AsString()!) ?? value;
            case ValueKind.Quantity when kind is JsonValueKind.String or JsonValueKind.Number:
                return CanonicalQuantity(value);
            case ValueKind.IntOrString when kind is JsonValueKind.String or JsonValueKind.Number:
                return value;
            case ValueKind.Time or ValueKind.MicroTime when kind == JsonValueKind.String:
                return Time(value, schema.Kind);
            default:
                throw Mismatch(value, schema, path, owner);
        }
    }

    private static JsonNode Integer(JsonNode value, ValueSchema schema, string path, TypeSchema owner)
    {
        if (value.AsInteger() is { } number && (schema.Kind == ValueKind.Int64 || number is >= int.MinValue and <= int.MaxValue))
        {
            return value;
        }

        if (value is JsonValue real && real.TryGetValue<double>(out var floating) && floating == Math.Floor(floating) && Math.Abs(floating) < 1e15
            && (schema.Kind == ValueKind.Int64 || Math.Abs(floating) <= int.MaxValue))
        {
            return JsonValue.Create((long)floating);
        }

        throw new DecodeException($"json: cannot unmarshal number {value.ToJsonString()} into Go struct field {owner.GoStruct}.{Plain(path)} of type {schema.GoName}");
    }

    private static JsonValue CanonicalQuantity(JsonNode value)
    {
        var text = value.AsString() ?? value.ToJsonString();
        return Quantity.TryParse(text, out var quantity, out var error) ? JsonValue.Create(quantity.ToString()) : throw new DecodeException(error!);
    }

    private static JsonNode Time(JsonNode value, ValueKind kind)
    {
        var text = value.AsString()!;
        if (text.Length == 0 || !DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var time) || !text.Contains('T', StringComparison.Ordinal))
        {
            throw new DecodeException($"parsing time \"{text}\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"{text}\" as \"2006\"");
        }

        return JsonValue.Create(kind == ValueKind.Time ? Times.Seconds(time) : Times.Micro(time));
    }

    /// <summary>Null when the text is fine as it stands.</summary>
    private static JsonValue? Base64(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (!(char.IsAsciiLetterOrDigit(text[i]) || text[i] is '+' or '/' or '=' or '\n' or '\r'))
            {
                throw new DecodeException(string.Create(CultureInfo.InvariantCulture, $"illegal base64 data at input byte {i}"));
            }
        }

        var clean = text.AsSpan().IndexOfAny('\n', '\r') < 0 ? text : text.Replace("\n", "", StringComparison.Ordinal).Replace("\r", "", StringComparison.Ordinal);
        if (clean.Length % 4 != 0 || !Convert.TryFromBase64String(clean, new byte[clean.Length], out _))
        {
            throw new DecodeException(string.Create(CultureInfo.InvariantCulture, $"illegal base64 data at input byte {Math.Max(0, clean.Length / 4 * 4)}"));
        }

        return ReferenceEquals(clean, text) ? null : JsonValue.Create(clean);
    }

    private static DecodeException Mismatch(JsonNode value, ValueSchema schema, string path, TypeSchema owner)
    {
        var found = value.GetValueKind() switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "bool",
        };
        return new DecodeException($"json: cannot unmarshal {found} into Go struct field {owner.GoStruct}.{Plain(path)} of type {schema.GoName}");
    }

    // The decoder upstream uses names fields without the indexes of the lists they stand in.
    private static string Plain(string path)
    {
        while (path.IndexOf('[', StringComparison.Ordinal) is var open and >= 0)
        {
            path = path.Remove(open, path.IndexOf(']', open) - open + 1);
        }

        return path;
    }
}
