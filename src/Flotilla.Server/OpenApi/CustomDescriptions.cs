using System.Text.Json.Nodes;
using Flotilla.Api.CustomResources;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;

namespace Flotilla.Server.OpenApi;

/// <summary>The schema of a custom resource as the server publishes it: with identity and metadata, and for v2 without what v2 cannot say.</summary>
internal static class CustomDescriptions
{
    private static readonly string[] BeyondV2 = ["anyOf", "oneOf", "allOf", "not", "nullable"];
    private static readonly string[] Nested = ["properties", "items", "additionalProperties"];

    /// <summary>The group back to front, e.g. <c>com.example.v1.Gadget</c>.</summary>
    public static string NameOf(Kind kind) => $"{string.Join('.', kind.Group.Split('.').Reverse())}.{kind.Version}.{kind.Name}";

    /// <param name="metadata">Makes a reference to the metadata that every object has.</param>
    public static JsonObject Of(Kind kind, OpenApiVersion version, Func<JsonObject> metadata)
    {
        var schema = kind.Custom!.Schema;

        // Clients of v2 would refuse all fields but those named, were any named.
        if (version == OpenApiVersion.V2 && schema.PreservesUnknown)
        {
            return new JsonObject { ["type"] = "object" };
        }

        var written = Write(schema, version, metadata);
        AddIdentity(written, metadata);
        return written;
    }

    private static JsonObject Write(StructuralSchema schema, OpenApiVersion version, Func<JsonObject> metadata)
    {
        var isV2 = version == OpenApiVersion.V2;
        var plain = new JsonObject(schema.Json.Where(pair => !Nested.Contains(pair.Key) && !(isV2 && BeyondV2.Contains(pair.Key))).Select(pair => KeyValuePair.Create(pair.Key, pair.Value?.DeepClone())));
        if (!isV2 && schema.IsIntOrString && plain["anyOf"] is null && plain["allOf"] is null)
        {
            plain["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" });
        }

        var isOpen = isV2 && (schema.IsNullable || schema.PreservesUnknown);
        if (!isOpen && schema.Properties.Count > 0)
        {
            plain["properties"] = new JsonObject(schema.Properties.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Write(pair.Value, version, metadata))));
        }

        if (!isOpen && schema.Items is { } items)
        {
            plain["items"] = Write(items, version, metadata);
        }

        if (schema.Values is { } values)
        {
            plain["additionalProperties"] = Write(values, version, metadata);
        }
        else if (schema.AllowsAnyValue)
        {
            plain["additionalProperties"] = true;
        }

        if (isV2)
        {
            Loosen(plain, schema);
        }

        if (schema.IsEmbedded && !(isV2 && schema.PreservesUnknown))
        {
            AddIdentity(plain, metadata);
            plain["required"] = new JsonArray([.. (plain.Array("required") ?? []).Select(name => name.AsString()).Union(["kind", "apiVersion"]).Select(name => (JsonNode?)name)]);
        }

        return plain;
    }

    // What clients of v2 would take too strictly.
    private static void Loosen(JsonObject plain, StructuralSchema schema)
    {
        if (schema.IsNullable || (schema.PreservesUnknown && schema.Type == "object") || (schema.Type == "array" && plain["items"] is null))
        {
            plain.Remove("type");
        }

        if (plain.Array("required") is not { } required)
        {
            return;
        }

        var left = schema.Values is { IsNullable: true } ? [] : required.Where(name => schema.Properties.GetValueOrDefault(name.AsString() ?? "") is not { IsNullable: true }).ToList();
        plain.Remove("required");
        if (left.Count > 0)
        {
            plain["required"] = new JsonArray([.. left.Select(name => name?.DeepClone())]);
        }
    }

    private static void AddIdentity(JsonObject schema, Func<JsonObject> metadata)
    {
        var properties = schema.Child("properties");
        properties["apiVersion"] = new JsonObject { ["description"] = IdentityDescriptions.ApiVersion, ["type"] = "string" };
        properties["kind"] = new JsonObject { ["description"] = IdentityDescriptions.Kind, ["type"] = "string" };
        var reference = metadata();
        reference["description"] = IdentityDescriptions.Metadata;
        properties["metadata"] = reference;
    }
}
