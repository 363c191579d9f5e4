using System.Text.Json.Nodes;
using Flotilla.Api.Schema;

namespace Flotilla.Api.ManagedFields;

/// <summary>The parts of an applied object that apply replaces as a whole: lists without keys, maps and structures marked atomic.</summary>
public static class AtomicParts
{
    /// <returns>Their paths, <c>.spec.containers[name="a"].command</c>.</returns>
    public static IReadOnlyList<string> Of(JsonObject applied, TypeSchema? type) => [.. OfObject(applied, type, "")];

    private static IEnumerable<string> OfObject(JsonObject applied, TypeSchema? type, string path) => applied
        .SelectMany(pair => OfValue(pair.Value, type?.Fields.GetValueOrDefault(pair.Key) is { } field ? field.Value : null, type?.Fields.GetValueOrDefault(pair.Key), $"{path}.{pair.Key}"));

    private static IEnumerable<string> OfValue(JsonNode? value, ValueSchema? schema, FieldSchema? field, string path) => value switch
    {
        JsonArray list => OfList(list, field, path),
        JsonObject when field is { AtomicMap: true } || schema is { Type: { Atomic: true } or { FreeForm: true } } => [path],
        JsonObject map when schema is { Kind: ValueKind.Map } => map.SelectMany(pair => OfValue(pair.Value, schema.Element, null, $"{path}.{pair.Key}")),
        JsonObject inner => OfObject(inner, schema?.Type, path),
        _ => [],
    };

    private static IEnumerable<string> OfList(JsonArray list, FieldSchema? field, string path) => field is null or { Ownership: ListOwnership.Atomic }
        ? [path]
        : list.OfType<JsonObject>().SelectMany(item => OfObject(item, field.Value.Element?.Type, path + Element(item, field)));

    private static string Element(JsonObject item, FieldSchema field) =>
        $"[{string.Join(',', field.MapKeys.Where(key => item[key] is not null).Select(key => $"{key}={item[key]!.ToJsonString()}"))}]";
}
