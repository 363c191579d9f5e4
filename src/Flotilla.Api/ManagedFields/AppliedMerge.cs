using System.Text.Json.Nodes;
using Flotilla.Api.Schema;

namespace Flotilla.Api.ManagedFields;

/// <summary>Lays an apply configuration over a live object, and takes out what its manager no longer names.</summary>
public static class AppliedMerge
{
    public static void Merge(JsonObject live, JsonObject applied, TypeSchema? type)
    {
        foreach (var (name, value) in applied)
        {
            FieldSchema? field = null;
            type?.Fields.TryGetValue(name, out field);
            live[name] = MergeValue(live[name], value, field?.Value, field);
        }
    }

    /// <summary>Removes the members of <paramref name="gone"/> from <paramref name="value"/>.</summary>
    public static void Remove(JsonObject value, FieldSet gone, TypeSchema? type)
    {
        foreach (var (element, child) in gone.Children)
        {
            var name = element[2..];
            if (!value.ContainsKey(name))
            {
                continue;
            }

            FieldSchema? field = null;
            type?.Fields.TryGetValue(name, out field);
            if (child.IsMember && child.Children.Count == 0)
            {
                value.Remove(name);
                continue;
            }

            switch (value[name])
            {
                case JsonObject map:
                    Remove(map, child, field?.Value.Type);
                    if (map.Count == 0 && child.IsMember)
                    {
                        value.Remove(name);
                    }

                    break;
                case JsonArray list when field is not null:
                    RemoveElements(list, child, field);
                    if (list.Count == 0)
                    {
                        value.Remove(name);
                    }

                    break;
            }
        }
    }

    private static void RemoveElements(JsonArray list, FieldSet gone, FieldSchema field)
    {
        for (var i = list.Count - 1; i >= 0; i--)
        {
            if (!gone.Children.TryGetValue(ListElements.ElementOf(list[i], field), out var child))
            {
                continue;
            }

            if (child.IsMember)
            {
                list.RemoveAt(i);
            }
            else if (list[i] is JsonObject element)
            {
                Remove(element, child, field.Value.Element?.Type);
            }
        }
    }

    private static JsonNode? MergeValue(JsonNode? live, JsonNode? applied, ValueSchema? schema, FieldSchema? field)
    {
        switch (applied, live)
        {
            case (JsonObject right, JsonObject left) when schema is { Kind: ValueKind.Map } && field is not { AtomicMap: true }:
                foreach (var (key, item) in right)
                {
                    left[key] = MergeValue(left[key], item, schema.Element, null);
                }

                return left.Parent is null ? left : left.DeepClone();
            case (JsonObject right, JsonObject left) when schema is null or { Kind: ValueKind.Object, Type: { Atomic: false, FreeForm: false } } && field is not { AtomicMap: true }:
                Merge(left, right, schema?.Type);
                return left.DeepClone();
            case (JsonArray right, JsonArray left) when field is { Ownership: not ListOwnership.Atomic }:
                return MergeList(left, right, field);
            default:
                return applied?.DeepClone();
        }
    }

    private static JsonArray MergeList(JsonArray live, JsonArray applied, FieldSchema field)
    {
        var merged = live.Select(item => item?.DeepClone()).ToList();
        var index = merged.Select((item, at) => (ListElements.ElementOf(item, field), at)).DistinctBy(pair => pair.Item1).ToDictionary(pair => pair.Item1, pair => pair.at, StringComparer.Ordinal);
        foreach (var item in applied)
        {
            var key = ListElements.ElementOf(item, field);
            if (!index.TryGetValue(key, out var at))
            {
                index[key] = merged.Count;
                merged.Add(item?.DeepClone());
            }
            else if (merged[at] is JsonObject element && item is JsonObject change)
            {
                Merge(element, change, field.Value.Element?.Type);
            }
        }

        return new JsonArray(merged.ToArray());
    }
}
