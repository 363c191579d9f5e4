using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.OpenApi;

/// <summary>The schema of a custom resource as the server publishes it: with identity and metadata, and for v2 without what v2 cannot say.</summary>
internal static class CustomDescriptions
{
    private static readonly string[] BeyondV2 = ["anyOf", "oneOf", "allOf", "not", "nullable", "default", "x-kubernetes-validations"];

    /// <summary>The group back to front, e.g. <c>com.example.v1.Gadget</c>.</summary>
    public static string NameOf(Kind kind) => $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.{kind.Name}";

    public static JsonObject Of(Kind kind, OpenApiVersion version, Func<JsonObject> metadata)
    {
        var schema = version == OpenApiVersion.V2 ? ToV2(kind.Custom!.Schema) : kind.Custom!.Schema.Json.Copy();
        var properties = schema.Child("properties");
        properties["apiVersion"] = new JsonObject { ["type"] = "string" };
        properties["kind"] = new JsonObject { ["type"] = "string" };
        properties["metadata"] = metadata();
        return schema;
    }

    private static JsonObject ToV2(StructuralSchema schema)
    {
        var plain = new JsonObject();
        foreach (var (name, value) in schema.Json)
        {
            if (!BeyondV2.Contains(name) && name is not ("properties" or "items" or "additionalProperties"))
            {
                plain[name] = value?.DeepClone();
            }
        }

        // Clients of v2 would refuse what these allow.
        if (schema.IsNullable || schema.IsIntOrString)
        {
            plain.Remove("type");
        }

        if (schema.IsNullable || schema.PreservesUnknown)
        {
            return plain;
        }

        if (schema.Properties.Count > 0)
        {
            plain["properties"] = new JsonObject(schema.Properties.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)ToV2(pair.Value))));
        }

        if (schema.Items is { } items)
        {
            plain["items"] = ToV2(items);
        }

        if (schema.Values is { } values)
        {
            plain["additionalProperties"] = ToV2(values);
        }

        return plain;
    }
}
