using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Api.ManagedFields;

/// <summary>How elements of owned lists are named in field paths.</summary>
public static class ListElements
{
    /// <summary><c>k:{..}</c> by the list's keys, or <c>v:..</c> for sets.</summary>
    public static string ElementOf(JsonNode? item, FieldSchema field)
    {
        if (field.Ownership == ListOwnership.Set || item is not JsonObject element)
        {
            return "v:" + (item?.ToJsonString(FieldSet.Plain) ?? "null");
        }

        // Nearly all lists are keyed by one name, which needs no escaping.
        if (field.MapKeys is [var only] && element[only].AsString() is { } name && FieldSet.IsPlain(name))
        {
            return $"k:{{\"{only}\":\"{name}\"}}";
        }

        return FieldSet.ElementOf(field.MapKeys
            .Select(key => (key, element[key] ?? DefaultKey(field, key)))
            .Where(pair => pair.Item2 is not null));
    }

    // A port's protocol is part of its identity and defaults to TCP.
    private static JsonNode? DefaultKey(FieldSchema field, string key) => key == "protocol" && field.Name == "ports" ? JsonValue.Create("TCP") : null;
}
