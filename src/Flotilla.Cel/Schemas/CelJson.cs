using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>JSON without a schema as values, and values as JSON.</summary>
public static class CelJson
{
    /// <summary>Whole numbers become int, others double; objects become maps.</summary>
    public static CelValue Value(JsonNode? node) => node switch
    {
        null => NullValue.Instance,
        JsonObject json => new JsonMap(json),
        JsonArray array => new JsonList(array),
        _ => node.GetValueKind() switch
        {
            JsonValueKind.String => new StringValue(node.GetValue<string>()),
            JsonValueKind.True => BoolValue.True,
            JsonValueKind.False => BoolValue.False,
            _ => Schemas.JsonNumbers.TryLong(node, out var number) ? new IntValue(number) : new DoubleValue(Schemas.JsonNumbers.Double(node)),
        },
    };

    /// <summary>A value as JSON; null for one that has no form in it, like a type or an address.</summary>
    public static JsonNode? Node(CelValue value) => value switch
    {
        BoolValue flag => JsonValue.Create(flag.Value),
        IntValue number => JsonValue.Create(number.Value),
        UintValue number => JsonValue.Create(number.Value),
        DoubleValue number when double.IsFinite(number.Value) => JsonValue.Create(number.Value),
        StringValue text => JsonValue.Create(text.Value),
        BytesValue bytes => JsonValue.Create(Convert.ToBase64String(bytes.Value)),
        TimestampValue or DurationValue => JsonValue.Create(value.ToString()),
        OptionalValue { Value: { } inner } => Node(inner),
        ListValue list => new JsonArray([.. list.Items().Select(Node)]),
        MapValue map => Object(map),
        _ => null,
    };

    private static JsonObject Object(MapValue map)
    {
        var json = new JsonObject();
        foreach (var key in map.Keys())
        {
            json[key is StringValue text ? text.Value : Node(key)?.ToJsonString() ?? ""] = map.Find(key) is { } value ? Node(value) : null;
        }
        return json;
    }

    private sealed class JsonMap(JsonObject json) : MapValue
    {
        public override int Count => json.Count;

        public override CelValue? Find(CelValue key) =>
            key is StringValue text && json.TryGetPropertyValue(text.Value, out var node) ? Value(node) : null;

        public override IEnumerable<CelValue> Keys() => json.Select(property => new StringValue(property.Key));
    }

    private sealed class JsonList(JsonArray array) : ListValue
    {
        public override int Count => array.Count;

        public override CelValue this[int index] => Value(array[index]);
    }
}
