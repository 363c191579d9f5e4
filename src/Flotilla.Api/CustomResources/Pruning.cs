using System.Text.Json.Nodes;
using Flotilla.Api.Json;

namespace Flotilla.Api.CustomResources;

/// <summary>Removes fields that a structural schema does not know, and tells their paths.</summary>
internal static class Pruning
{
    private static readonly string[] Identity = ["apiVersion", "kind", "metadata"];

    public static void Prune(JsonObject value, StructuralSchema schema, List<string> unknown) => PruneObject(value, schema, "", isResource: true, unknown);

    private static void PruneObject(JsonObject value, StructuralSchema schema, string path, bool isResource, List<string> unknown)
    {
        foreach (var (name, child) in value.ToArray())
        {
            if (isResource && Identity.Contains(name))
            {
                continue;
            }

            var at = path.Length == 0 ? name : $"{path}.{name}";
            if (schema.Properties.TryGetValue(name, out var property))
            {
                PruneValue(child, property, at, unknown);
            }
            else if (schema.Values is { } values)
            {
                PruneValue(child, values, at, unknown);
            }
            else if (!schema.PreservesUnknown && !schema.AllowsAnyValue)
            {
                value.Remove(name);
                unknown.Add(at);
            }
        }
    }

    private static void PruneValue(JsonNode? value, StructuralSchema schema, string path, List<string> unknown)
    {
        switch (value)
        {
            case JsonObject child:
                PruneObject(child, schema, path, schema.IsEmbedded, unknown);
                break;
            case JsonArray list when schema.Items is { } items:
                for (var i = 0; i < list.Count; i++)
                {
                    PruneValue(list[i], items, $"{path}[{i}]", unknown);
                }

                break;
        }
    }
}
