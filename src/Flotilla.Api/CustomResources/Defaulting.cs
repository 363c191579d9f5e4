using System.Text.Json.Nodes;

namespace Flotilla.Api.CustomResources;

/// <summary>Fills in what a structural schema gives as default; null stands for absent where null is not allowed.</summary>
internal static class Defaulting
{
    public static void Fill(JsonNode? value, StructuralSchema schema)
    {
        switch (value)
        {
            case JsonObject map:
                FillObject(map, schema);
                break;
            case JsonArray list when schema.Items is { } items:
                foreach (var item in list)
                {
                    Fill(item, items);
                }

                break;
        }
    }

    private static void FillObject(JsonObject map, StructuralSchema schema)
    {
        foreach (var (name, property) in schema.Properties)
        {
            var isMissing = !map.TryGetPropertyValue(name, out var present) || (present is null && !property.IsNullable);
            if (isMissing && property.Default is { } given)
            {
                map[name] = given.DeepClone();
            }
            else if (isMissing)
            {
                map.Remove(name);
            }

            Fill(map[name], property);
        }

        if (schema.Values is not { } values)
        {
            return;
        }

        foreach (var (name, item) in map.ToArray())
        {
            if (item is null && !values.IsNullable && values.Default is { } given)
            {
                map[name] = given.DeepClone();
            }

            Fill(map[name], values);
        }
    }
}
