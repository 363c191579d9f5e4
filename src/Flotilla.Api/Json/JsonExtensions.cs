using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Api.Json;

/// <summary>Short, total readers and writers for JSON trees: absent and mistyped read as null.</summary>
public static class JsonExtensions
{
    public static JsonObject? Object(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonObject;

    public static JsonArray? Array(this JsonNode? node, string name) => (node as JsonObject)?[name] as JsonArray;

    public static string? String(this JsonNode? node, string name) => (node as JsonObject)?[name].AsString();

    public static long? Integer(this JsonNode? node, string name) => (node as JsonObject)?[name].AsInteger();

    public static bool? Boolean(this JsonNode? node, string name) =>
        (node as JsonObject)?[name] is JsonValue value && value.TryGetValue<bool>(out var result) ? result : null;

    public static string? AsString(this JsonNode? node) => node is JsonValue value && value.TryGetValue<string>(out var text) ? text : null;

    public static long? AsInteger(this JsonNode? node) => node switch
    {
        JsonValue value when value.TryGetValue<long>(out var number) => number,
        JsonValue value when value.TryGetValue<int>(out var number) => number,
        _ => null,
    };

    public static bool IsNumber(this JsonNode? node) => node is JsonValue value && value.GetValueKind() == JsonValueKind.Number;

    public static IEnumerable<JsonObject> Objects(this JsonNode? node, string name) => node.Array(name)?.OfType<JsonObject>() ?? [];

    /// <summary>The object at <paramref name="name"/>, added when absent.</summary>
    public static JsonObject Child(this JsonObject parent, string name)
    {
        if (parent[name] is not JsonObject child)
        {
            parent[name] = child = new JsonObject();
        }

        return child;
    }

    public static void Default(this JsonObject target, string name, JsonNode? value)
    {
        if (target[name] is null)
        {
            target[name] = value;
        }
    }

    /// <summary>Like <see cref="Default"/>, for strings: empty counts as absent.</summary>
    public static void DefaultText(this JsonObject target, string name, string value)
    {
        if (string.IsNullOrEmpty(target.String(name)))
        {
            target[name] = value;
        }
    }

    public static bool SameAs(this JsonNode? left, JsonNode? right) => JsonNode.DeepEquals(left, right);

    public static JsonObject Copy(this JsonObject value) => (JsonObject)value.DeepClone();
}
