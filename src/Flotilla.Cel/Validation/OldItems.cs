using System.Text.Json.Nodes;
using Flotilla.Cel.Schemas;

namespace Flotilla.Cel.Validation;

/// <summary>The old items of a list declared as a map, by their keys; those of any other list correlate to nothing.</summary>
internal sealed class OldItems
{
    private readonly Dictionary<string, JsonNode> byKey = new(StringComparer.Ordinal);
    private readonly StructuralSchema list;

    public OldItems(StructuralSchema list, JsonArray? old)
    {
        this.list = list;
        foreach (var item in list.ListType == "map" && old is not null ? old.OfType<JsonObject>() : [])
        {
            byKey.TryAdd(KeyOf(item), item);
        }
    }

    public JsonNode? Find(JsonNode? item) =>
        byKey.Count > 0 && item is JsonObject json ? byKey.GetValueOrDefault(KeyOf(json)) : null;

    private string KeyOf(JsonObject item) =>
        string.Join('\0', list.ListKeys.Select(key => (item[key] ?? list.Items?.Properties?.GetValueOrDefault(key)?.Default)?.ToJsonString()));
}
