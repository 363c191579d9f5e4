using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;

namespace Flotilla.Api.CustomResources;

/// <summary>Lists of type set hold no value twice; lists of type map no two elements with the same keys.</summary>
internal static class ListRules
{
    public static IEnumerable<FieldError> Check(JsonNode? value, StructuralSchema? schema, string path = "") => (value, schema) switch
    {
        (_, null) => [],
        (JsonObject map, _) => map.SelectMany(pair => Check(pair.Value, schema.Properties.GetValueOrDefault(pair.Key) ?? schema.Values, path.Length == 0 ? pair.Key : $"{path}.{pair.Key}")),
        (JsonArray list, _) => CheckList(list, schema, path),
        _ => [],
    };

    private static IEnumerable<FieldError> CheckList(JsonArray list, StructuralSchema schema, string path)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < list.Count; i++)
        {
            var at = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            if (schema.ListType is "set" or "map" && Identity(list[i], schema) is var identity && !seen.Add(identity?.ToJsonString() ?? "null"))
            {
                yield return FieldError.Duplicate(at, identity);
            }

            foreach (var error in Check(list[i], schema.Items, at))
            {
                yield return error;
            }
        }
    }

    private static JsonNode? Identity(JsonNode? item, StructuralSchema schema) => schema.ListType == "set"
        ? item
        : new JsonObject(schema.MapKeys.Select(key => KeyValuePair.Create(key, (item as JsonObject)?[key]?.DeepClone())).Where(pair => pair.Value is not null));
}
