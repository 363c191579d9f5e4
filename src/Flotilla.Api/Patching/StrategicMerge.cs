using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Patching;

/// <summary>
/// Merge patch with the list rules of the API's types: lists merge by key where the schema says so, and directives
/// (<c>$patch</c>, <c>$retainKeys</c>, <c>$deleteFromPrimitiveList/x</c>, <c>$setElementOrder/x</c>) steer single fields.
/// </summary>
public static class StrategicMerge
{
    private const string Directive = "$patch";
    private const string RetainKeys = "$retainKeys";
    private const string DeleteFrom = "$deleteFromPrimitiveList/";
    private const string SetOrder = "$setElementOrder/";

    public static JsonObject Apply(JsonObject target, JsonObject patch, TypeSchema? type)
    {
        switch (patch.String(Directive))
        {
            case "replace":
                var replacement = patch.Copy();
                replacement.Remove(Directive);
                return replacement;
            case "delete":
                return new JsonObject();
        }

        if (patch.Array(RetainKeys) is { } kept)
        {
            var names = kept.Select(node => node.AsString()).ToHashSet(StringComparer.Ordinal);
            foreach (var (name, _) in target.ToArray())
            {
                if (!names.Contains(name))
                {
                    target.Remove(name);
                }
            }
        }

        var originals = patch.Where(pair => pair.Key.StartsWith(SetOrder, StringComparison.Ordinal)).Select(pair => pair.Key[SetOrder.Length..]).ToDictionary(list => list, list => target.Array(list)?.DeepClone() as JsonArray, StringComparer.Ordinal);
        foreach (var (name, change) in patch)
        {
            if (name is Directive or RetainKeys || name.StartsWith(SetOrder, StringComparison.Ordinal))
            {
                continue;
            }

            if (name.StartsWith(DeleteFrom, StringComparison.Ordinal))
            {
                RemovePrimitives(target, name[DeleteFrom.Length..], change as JsonArray);
                continue;
            }

            FieldSchema? field = null;
            type?.Fields.TryGetValue(name, out field);
            ApplyField(target, name, change, field?.Value, field);
        }

        foreach (var (name, order) in patch)
        {
            if (name.StartsWith(SetOrder, StringComparison.Ordinal) && order is JsonArray wanted)
            {
                var listName = name[SetOrder.Length..];
                FieldSchema? field = null;
                type?.Fields.TryGetValue(listName, out field);
                if (target.Array(listName) is { } list && field is not null)
                {
                    target[listName] = ElementOrder.Of(list, wanted, originals[listName], field.PatchMergeKey);
                }
            }
        }

        return target;
    }

    private static void ApplyField(JsonObject target, string name, JsonNode? change, ValueSchema? schema, FieldSchema? field)
    {
        switch (change)
        {
            case null:
                target.Remove(name);
                break;
            case JsonObject map:
                var result = ApplyObject(target[name] as JsonObject, map, schema);
                if (result is null)
                {
                    target.Remove(name);
                }
                else if (!ReferenceEquals(target[name], result))
                {
                    target[name] = result;
                }

                break;
            case JsonArray list when field is { PatchMerge: true }:
                target[name] = MergeList(target[name] as JsonArray, list, field);
                break;
            default:
                target[name] = change.DeepClone();
                break;
        }
    }

    private static JsonObject? ApplyObject(JsonObject? current, JsonObject change, ValueSchema? schema)
    {
        if (change.String(Directive) == "delete")
        {
            return null;
        }

        if (schema is { Kind: ValueKind.Map })
        {
            var map = current ?? new JsonObject();
            if (change.String(Directive) == "replace")
            {
                map = new JsonObject();
            }

            foreach (var (key, item) in change)
            {
                if (key != Directive)
                {
                    ApplyField(map, key, item, schema.Element, null);
                }
            }

            return map;
        }

        return Apply(current ?? new JsonObject(), change, schema?.Type);
    }

    private static JsonArray MergeList(JsonArray? current, JsonArray patch, FieldSchema field)
    {
        if (patch.Any(item => item is JsonObject element && element.String(Directive) == "replace"))
        {
            return new JsonArray([.. patch.Where(item => item.String(Directive) != "replace").Select(item => item?.DeepClone())]);
        }

        var merged = (current ?? []).Select(item => item?.DeepClone()).ToList();
        if (field.PatchMergeKey is not { } key)
        {
            foreach (var item in patch.Where(item => !merged.Any(item.SameAs)))
            {
                merged.Add(item?.DeepClone());
            }

            return ElementOrder.Of(merged, patch, current, null);
        }

        foreach (var item in patch)
        {
            if (item is not JsonObject element)
            {
                throw new PatchException($"map: map[] does not contain declared merge key: {key}");
            }

            if (element[key] is not { } identity)
            {
                throw new PatchException($"map: {element.ToJsonString()} does not contain declared merge key: {key}");
            }

            var at = merged.FindIndex(existing => existing is JsonObject found && found[key].SameAs(identity));
            if (element.String(Directive) == "delete")
            {
                merged.RemoveAll(existing => existing is JsonObject found && found[key].SameAs(identity));
            }
            else if (at < 0)
            {
                merged.Add(Apply(new JsonObject(), element, field.Value.Element?.Type));
            }
            else
            {
                merged[at] = Apply((JsonObject)merged[at]!, element, field.Value.Element?.Type);
            }
        }

        return ElementOrder.Of(merged, patch, current, key);
    }

    private static void RemovePrimitives(JsonObject target, string name, JsonArray? gone)
    {
        if (target.Array(name) is not { } list || gone is null)
        {
            return;
        }

        for (var i = list.Count - 1; i >= 0; i--)
        {
            if (gone.Any(item => item.SameAs(list[i])))
            {
                list.RemoveAt(i);
            }
        }
    }

    // Elements named in the order come in that order; elements only the server knows keep their place among themselves.
}
