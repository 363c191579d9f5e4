using System.Globalization;
using System.Text;
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

    // Where in the object it is: names of fields and, within lists, indexes. Written out only when something is wrong.
    private readonly List<(string? Name, int Index)> steps = [];

    /// <summary>Paths of removed fields, in order of appearance.</summary>
    public IReadOnlyList<string> UnknownFields => unknown;

    /// <exception cref="DecodeException">A value does not have the type its field demands.</exception>
    public void Normalize(JsonObject value, TypeSchema type) => NormalizeObject(value, type);

    private void NormalizeObject(JsonObject value, TypeSchema type)
    {
        if (type.FreeForm)
        {
            return;
        }

        foreach (var (name, child) in value.ToArray())
        {
            if (!type.Fields.TryGetValue(name, out var field))
            {
                steps.Add((name, 0));
                unknown.Add(Path(withIndexes: true));
                Leave();
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

            steps.Add((name, 0));
            var normal = NormalizeValue(child, field.Value, type);
            Leave();
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
                NormalizeObject(child, field.Value.Type!);
            }
        }

        ZeroValues.FillRequired(value, type);
    }

    private JsonNode NormalizeValue(JsonNode value, ValueSchema schema, TypeSchema owner)
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
                    throw Mismatch(value, schema, owner);
                }

                NormalizeObject(child, schema.Type);
                return child;
            case ValueKind.List:
                return NormalizeList(value, schema, owner);
            case ValueKind.Map:
                return NormalizeMap(value, schema, owner);
            case ValueKind.Any:
                return value;
            default:
                return NormalizeScalar(value, schema, owner);
        }
    }

    private JsonArray NormalizeList(JsonNode value, ValueSchema schema, TypeSchema owner)
    {
        if (value is not JsonArray list)
        {
            throw Mismatch(value, schema, owner);
        }

        for (var i = 0; i < list.Count; i++)
        {
            if (list[i] is { } item)
            {
                steps.Add((null, i));
                var normal = NormalizeValue(item, schema.Element!, owner);
                Leave();
                if (!ReferenceEquals(normal, item))
                {
                    list[i] = normal;
                }
            }
        }

        return list;
    }

    private JsonObject NormalizeMap(JsonNode value, ValueSchema schema, TypeSchema owner)
    {
        if (value is not JsonObject map)
        {
            throw Mismatch(value, schema, owner);
        }

        foreach (var (key, item) in map.ToArray())
        {
            if (item is null)
            {
                map[key] = schema.Element!.Kind switch { ValueKind.String or ValueKind.Bytes => "", _ => null };
                continue;
            }

            steps.Add((key, 0));
            var normal = NormalizeValue(item, schema.Element!, owner);
            Leave();
            if (!ReferenceEquals(normal, item))
            {
                map[key] = normal;
            }
        }

        return map;
    }

    private JsonNode NormalizeScalar(JsonNode value, ValueSchema schema, TypeSchema owner)
    {
        var kind = value.GetValueKind();
        switch (schema.Kind)
        {
            case ValueKind.String when kind == JsonValueKind.String:
            case ValueKind.Boolean when kind is JsonValueKind.True or JsonValueKind.False:
            case ValueKind.Double when kind == JsonValueKind.Number:
                return value;
            case ValueKind.Int32 or ValueKind.Int64 when kind == JsonValueKind.Number:
                return Integer(value, schema, owner);
            case ValueKind.Bytes when kind == JsonValueKind.String:
                return Base64(value.AsString()!) ?? value;
            case ValueKind.Quantity when kind is JsonValueKind.String or JsonValueKind.Number:
                return CanonicalQuantity(value);
            case ValueKind.IntOrString when kind is JsonValueKind.String or JsonValueKind.Number:
                return value;
            case ValueKind.Time or ValueKind.MicroTime when kind == JsonValueKind.String:
                return Time(value, schema.Kind);
            default:
                throw Mismatch(value, schema, owner);
        }
    }

    private JsonNode Integer(JsonNode value, ValueSchema schema, TypeSchema owner)
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

        throw new DecodeException($"json: cannot unmarshal number {value.ToJsonString()} into Go struct field {owner.GoStruct}.{Path(withIndexes: false)} of type {schema.GoName}");
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

    private DecodeException Mismatch(JsonNode value, ValueSchema schema, TypeSchema owner)
    {
        var found = value.GetValueKind() switch
        {
            JsonValueKind.Object => "object",
            JsonValueKind.Array => "array",
            JsonValueKind.String => "string",
            JsonValueKind.Number => "number",
            _ => "bool",
        };
        return new DecodeException($"json: cannot unmarshal {found} into Go struct field {owner.GoStruct}.{Path(withIndexes: false)} of type {schema.GoName}");
    }

    private void Leave() => steps.RemoveAt(steps.Count - 1);

    /// <param name="withIndexes">The decoder upstream uses names fields without the indexes of the lists they stand in.</param>
    private string Path(bool withIndexes)
    {
        var path = new StringBuilder();
        foreach (var (name, index) in steps)
        {
            if (name is not null)
            {
                path.Append(path.Length == 0 ? "" : ".").Append(name);
            }
            else if (withIndexes)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{index}]");
            }
        }

        return path.ToString();
    }
}
