using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Schema;

namespace Flotilla.Api.ManagedFields;

/// <summary>Which fields differ between two versions of an object, by the ownership rules of its type.</summary>
public sealed class FieldComparison
{
    private readonly List<string> path = [];

    public FieldSet Added { get; } = new();

    public FieldSet Modified { get; } = new();

    public FieldSet Removed { get; } = new();

    public static FieldComparison Between(JsonObject? before, JsonObject? after, TypeSchema? type)
    {
        var comparison = new FieldComparison();
        comparison.CompareObject(before, after, type);
        return comparison;
    }

    private void CompareObject(JsonObject? before, JsonObject? after, TypeSchema? type)
    {
        foreach (var name in Names(before, after))
        {
            FieldSchema? field = null;
            type?.Fields.TryGetValue(name, out field);
            var (left, right) = (before?[name], after?[name]);
            if (left is null && right is null)
            {
                CompareNulls(before?.ContainsKey(name) == true, after?.ContainsKey(name) == true, name);
                continue;
            }

            // Fields kept by value exist even in an empty object, so they are never gained or lost as a whole.
            var present = before is not null && field is not null && StructFields.IsAlwaysPresent(type!, field);
            path.Add(field?.Element ?? "f:" + name);
            CompareValue(left, right, field?.Value, field, present);
            path.RemoveAt(path.Count - 1);
        }
    }

    /// <summary>A field that is null is there all the same, unlike one that is absent.</summary>
    private void CompareNulls(bool had, bool has, string name)
    {
        if (had != has)
        {
            path.Add("f:" + name);
            Mark(has ? Added : Removed);
            path.RemoveAt(path.Count - 1);
        }
    }

    private void CompareValue(JsonNode? left, JsonNode? right, ValueSchema? schema, FieldSchema? field, bool present)
    {
        // Most of an object stays as it is.
        if (left is not null && left.SameAs(right))
        {
            return;
        }

        var sample = right ?? left;
        switch (sample)
        {
            case JsonObject when IsGranularObject(schema, field) && !(IsEmptyOrNull(left) && IsEmptyOrNull(right)):
                MarkWhole(left, right, present);
                if (schema?.Kind == ValueKind.Map)
                {
                    CompareMap(left as JsonObject, right as JsonObject, schema.Element!);
                }
                else
                {
                    CompareObject(left as JsonObject, right as JsonObject, schema?.Type);
                }

                break;
            case JsonArray when field is { Ownership: not ListOwnership.Atomic } && !(IsEmptyOrNull(left) && IsEmptyOrNull(right)):
                MarkWhole(left, right, present);
                CompareList(left as JsonArray, right as JsonArray, field);
                break;
            default:
                MarkLeaf(left, right, present);
                break;
        }
    }

    private void CompareMap(JsonObject? left, JsonObject? right, ValueSchema element)
    {
        foreach (var name in Names(left, right))
        {
            path.Add("f:" + name);
            var (before, after) = (left?[name], right?[name]);
            if (element.Kind is ValueKind.Object or ValueKind.Map)
            {
                CompareValue(before, after, element, null, false);
            }
            else
            {
                // A key may map to null: it is there all the same.
                MarkLeaf(left?.ContainsKey(name) == true ? before ?? JsonValue.Create("") : null, right?.ContainsKey(name) == true ? after ?? JsonValue.Create("") : null, false);
            }

            path.RemoveAt(path.Count - 1);
        }
    }

    private void CompareList(JsonArray? left, JsonArray? right, FieldSchema field)
    {
        var before = Index(left, field);
        var after = Index(right, field);
        foreach (var element in before.Keys.Concat(after.Keys.Where(key => !before.ContainsKey(key))).ToArray())
        {
            var (old, current) = (before.GetValueOrDefault(element), after.GetValueOrDefault(element));
            path.Add(element);
            if (field.Ownership == ListOwnership.Set)
            {
                MarkLeaf(old, current, false);
            }
            else
            {
                MarkWhole(old, current, false);
                CompareObject(old as JsonObject, current as JsonObject, field.Value.Element?.Type);
            }

            path.RemoveAt(path.Count - 1);
        }
    }

    private static Dictionary<string, JsonNode?> Index(JsonArray? list, FieldSchema field)
    {
        var index = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var item in list ?? [])
        {
            index[ListElements.ElementOf(item, field)] = item;
        }

        return index;
    }

    private void MarkWhole(JsonNode? left, JsonNode? right, bool present)
    {
        if (present)
        {
            return;
        }

        if (left is null)
        {
            Mark(Added);
        }
        else if (right is null)
        {
            Mark(Removed);
        }
    }

    private void MarkLeaf(JsonNode? left, JsonNode? right, bool present)
    {
        if (left is null)
        {
            if (!(present && IsEmptyOrNull(right)))
            {
                Mark(Added);
            }
        }
        else if (right is null)
        {
            Mark(Removed);
        }
        else if (!left.SameAs(right))
        {
            Mark(Modified);
        }
    }

    private void Mark(FieldSet set)
    {
        foreach (var element in path)
        {
            set = set.Child(element);
        }

        set.IsMember = true;
    }

    private static bool IsGranularObject(ValueSchema? schema, FieldSchema? field) =>
        schema is null or { Kind: ValueKind.Map } or { Kind: ValueKind.Object, Type: { Atomic: false, FreeForm: false } } && field is not { AtomicMap: true };

    private static bool IsEmptyOrNull(JsonNode? node) => node is null or JsonObject { Count: 0 } or JsonArray { Count: 0 };

    private static IEnumerable<string> Names(JsonObject? before, JsonObject? after)
    {
        if (before is not null)
        {
            foreach (var (name, _) in before)
            {
                yield return name;
            }
        }

        if (after is not null)
        {
            foreach (var (name, _) in after)
            {
                if (before is null || !before.ContainsKey(name))
                {
                    yield return name;
                }
            }
        }
    }
}
