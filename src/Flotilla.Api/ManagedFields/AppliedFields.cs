using System.Text.Json.Nodes;
using Flotilla.Api.Schema;

namespace Flotilla.Api.ManagedFields;

/// <summary>The fields an apply configuration names: its leaves, its list elements, and its empty objects.</summary>
public static class AppliedFields
{
    public static FieldSet Of(JsonObject value, TypeSchema? type)
    {
        var set = new FieldSet();
        AddObject(set, value, type);
        return set;
    }

    private static void AddObject(FieldSet set, JsonObject value, TypeSchema? type)
    {
        foreach (var (name, child) in value)
        {
            FieldSchema? field = null;
            type?.Fields.TryGetValue(name, out field);
            AddValue(set.Child("f:" + name), child, field?.Value, field);
        }
    }

    private static void AddValue(FieldSet set, JsonNode? value, ValueSchema? schema, FieldSchema? field)
    {
        switch (value)
        {
            case JsonObject { Count: > 0 } map when schema is { Kind: ValueKind.Map } && field is not { AtomicMap: true }:
                foreach (var (key, item) in map)
                {
                    var child = set.Child("f:" + key);
                    if (item is JsonObject && schema.Element!.Kind is ValueKind.Object or ValueKind.Map)
                    {
                        child.IsMember = true;
                    }

                    AddValue(child, item, schema.Element, null);
                }

                break;
            case JsonObject { Count: > 0 } map when schema is null or { Kind: ValueKind.Object, Type: { Atomic: false, FreeForm: false } } && field is not { AtomicMap: true }:
                AddObject(set, map, schema?.Type);
                break;
            case JsonArray { Count: > 0 } list when field is { Ownership: not ListOwnership.Atomic }:
                foreach (var item in list)
                {
                    var child = set.Child(ListElements.ElementOf(item, field));
                    child.IsMember = true;
                    if (item is JsonObject element && field.Ownership == ListOwnership.Map)
                    {
                        AddObject(child, element, schema?.Element?.Type);
                    }
                }

                break;
            default:
                set.IsMember = true;
                break;
        }
    }
}
