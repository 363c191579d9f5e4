using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Schemas;

/// <summary>Values of JSON under a structural schema, read when they are asked for.</summary>
internal static class SchemaValues
{
    public static CelValue Of(JsonNode? node, StructuralSchema schema) => (node, schema) switch
    {
        (null, { IsNullable: true }) => NullValue.Instance,
        (null, _) => new ErrorValue("invalid data, got null for schema with nullable=false"),
        (_, { IsIntOrString: true }) => OfIntOrString(node),
        (_, { Type: "object" }) => OfObject(node, schema),
        (_, { Type: "array" }) => OfArray(node, schema),
        (_, { Type: "string" }) => OfText(node, schema.Format),
        (_, { Type: "number" }) => node.GetValueKind() == JsonValueKind.Number ? new DoubleValue(JsonNumbers.Double(node)) : Expected("float", node),
        (_, { Type: "integer" }) => OfInteger(node),
        (_, { Type: "boolean" }) => node.GetValueKind() is JsonValueKind.True or JsonValueKind.False
            ? BoolValue.Of(node.GetValueKind() == JsonValueKind.True) : Expected("bool", node),
        (_, { PreservesUnknown: true }) => new PreservedValue(node),
        _ => new ErrorValue("invalid type, expected object, array, number, integer, boolean or string, or no type with "
            + $"x-kubernetes-int-or-string or x-kubernetes-preserve-unknown-fields is true, got {schema.Type}"),
    };

    private static CelValue OfIntOrString(JsonNode node) =>
        node.GetValueKind() == JsonValueKind.String ? new StringValue(node.GetValue<string>())
        : JsonNumbers.TryLong(node, out var number) ? new IntValue(number)
        : new ErrorValue("invalid data, expected XIntOrString value to be either a string or integer");

    private static CelValue OfInteger(JsonNode node)
    {
        if (JsonNumbers.TryLong(node, out var number))
        {
            return new IntValue(number);
        }
        return node.GetValueKind() == JsonValueKind.Number && JsonNumbers.Double(node) is var real && Math.Floor(real) == real && Math.Abs(real) < 9e18
            ? new IntValue((long)real) : Expected("int", node);
    }

    private static CelValue OfObject(JsonNode node, StructuralSchema schema)
    {
        if (node is not JsonObject json)
        {
            return new ErrorValue("invalid data, expected a map for the provided schema with type=object");
        }
        return schema.Properties is not null || schema.AdditionalProperties is not null || schema.PreservesUnknown ? new SchemaObject(json, schema)
            : new ErrorValue("invalid object type, expected either Properties or AdditionalProperties with Allows=true and non-empty Schema");
    }

    private static CelValue OfArray(JsonNode node, StructuralSchema schema)
    {
        if (node is not JsonArray array)
        {
            return new ErrorValue("invalid data, expected an array for the provided schema with type=array");
        }
        if (schema.Items is null)
        {
            return new ErrorValue("invalid array type, expected Items with a non-empty Schema");
        }
        var list = new SchemaList(array, schema.Items);
        return schema.ListType switch
        {
            "set" => new SetList(list),
            "map" => new KeyedList(list, item => KeyOf(item, schema.ListKeys)),
            _ => list,
        };
    }

    private static string KeyOf(CelValue item, IReadOnlyList<string> keys) => string.Join('\0', keys.Select(key =>
        (item as MapValue)?.Find(new StringValue(PropertyNames.Escape(key) ?? key)) switch
        {
            StringValue text => "s" + text.Value,
            IntValue number => FormattableString.Invariant($"i{number.Value}"),
            BoolValue flag => flag.Value ? "t" : "f",
            DoubleValue number => FormattableString.Invariant($"d{number.Value:R}"),
            _ => "",
        }));

    private static CelValue OfText(JsonNode node, string format)
    {
        if (node.GetValueKind() != JsonValueKind.String)
        {
            return Expected("string", node);
        }
        var text = node.GetValue<string>();
        return format switch
        {
            "duration" => Durations.TryParse(text, out var span) ? new DurationValue(span) : new ErrorValue($"Invalid duration {text}: unable to parse {text}"),
            "date" => Timestamps.ParseDate(text) ?? (CelValue)new ErrorValue($"Invalid date formatted string {text}: cannot parse"),
            "date-time" => Timestamps.Parse(text.ToUpperInvariant()) ?? (CelValue)new ErrorValue($"Invalid date-time formatted string {text}: cannot parse"),
            "byte" => Bytes(text),
            _ => new StringValue(text),
        };
    }

    private static CelValue Bytes(string text)
    {
        var buffer = new byte[text.Length];
        return Convert.TryFromBase64String(text, buffer, out var length) ? new BytesValue(buffer[..length])
            : new ErrorValue($"Invalid byte formatted string {text}: illegal base64 data");
    }

    private static ErrorValue Expected(string kind, JsonNode node) => new($"invalid data, expected {kind}, got {GoName(node)}");

    private static string GoName(JsonNode node) => node.GetValueKind() switch
    {
        JsonValueKind.Object => "map[string]interface {}",
        JsonValueKind.Array => "[]interface {}",
        JsonValueKind.String => "string",
        JsonValueKind.Number => JsonNumbers.TryLong(node, out _) ? "int64" : "float64",
        _ => "bool",
    };

    /// <summary>Kept without a schema: can only be compared.</summary>
    private sealed class PreservedValue(JsonNode node) : OpaqueValue(CelType.Opaque("unknown"))
    {
        internal override bool IsEqualTo(CelValue other) => other is PreservedValue preserved && JsonNode.DeepEquals(node, preserved.Node);

        private JsonNode Node => node;
    }
}
