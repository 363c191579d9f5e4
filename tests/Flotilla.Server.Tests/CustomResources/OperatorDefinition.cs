using System.Text.Json;
using System.Text.Json.Nodes;

namespace Flotilla.Server.Tests.CustomResources;

/// <summary>
/// A definition of the size that operators bring: a whole pod's specification written out below <c>spec.podTemplate</c>,
/// as generators of definitions do, with rules, defaults and patterns around it.
/// </summary>
internal static class OperatorDefinition
{
    private const string References = "#/components/schemas/";
    private const string PodSpec = "io.k8s.api.core.v1.PodSpec";
    private const string Quantity = "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <param name="openApi">The server's own document at <c>/openapi/v3/api/v1</c>.</param>
    public static JsonObject From(JsonObject openApi, string group, string plural, string kind)
    {
        var schemas = (JsonObject)openApi["components"]!["schemas"]!;
        var pod = Inline(schemas[PodSpec]!, schemas);
        return (JsonObject)JsonNode.Parse($$"""
            {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{plural}}.{{group}}"},
             "spec":{"group":"{{group}}","scope":"Namespaced","names":{"plural":"{{plural}}","kind":"{{kind}}","categories":["operators"]},
             "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.shards","statusReplicasPath":".status.shards"} },
             "additionalPrinterColumns":[{"name":"Shards","type":"integer","jsonPath":".spec.shards"}],
             "schema":{"openAPIV3Schema":{"type":"object","required":["spec"],"properties":{
               "spec":{"type":"object","required":["podTemplate"],"x-kubernetes-validations":[{"rule":"self.shards <= self.maxShards","message":"shards must not exceed maxShards"}],"properties":{
                 "shards":{"type":"integer","format":"int32","minimum":0,"default":1},
                 "maxShards":{"type":"integer","format":"int32","default":10},
                 "retention":{"type":"string","pattern":"^(0|(([0-9]+)y)?(([0-9]+)w)?(([0-9]+)d)?(([0-9]+)h)?(([0-9]+)m)?(([0-9]+)s)?(([0-9]+)ms)?)$","default":"24h","description":"How long to keep what was scraped."},
                 "podTemplate":{{pod.ToJsonString()}},
                 "initTemplate":{{pod.ToJsonString()}} } },
               "status":{"type":"object","properties":{"shards":{"type":"integer"} } } } } } }] } }
            """)!;
    }

    public static int LinesOf(JsonObject definition) => definition["spec"]!["versions"]!.ToJsonString(Indented).Split('\n').Length;

    /// <summary>The schema without references, in the form that structural schemas have.</summary>
    private static JsonObject Inline(JsonNode schema, JsonObject schemas)
    {
        if (schema["allOf"]?[0]?["$ref"] is { } reference)
        {
            return Inline(schemas[((string)reference!)[References.Length..]]!, schemas);
        }

        if (schema["oneOf"] is JsonArray choices)
        {
            var either = new JsonObject { ["x-kubernetes-int-or-string"] = true, ["anyOf"] = JsonNode.Parse("""[{"type":"integer"},{"type":"string"}]""") };
            if ((string?)choices[1]!["type"] == "number")
            {
                either["pattern"] = Quantity;
            }

            return either;
        }

        var plain = new JsonObject();
        foreach (var (name, value) in (JsonObject)schema)
        {
            switch (name)
            {
                case "properties":
                    plain[name] = new JsonObject(value!.AsObject().Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)Inline(pair.Value!, schemas))));
                    break;
                case "items" or "additionalProperties":
                    plain[name] = Inline(value!, schemas);
                    break;
                case "type" or "format" or "required" or "description" or "x-kubernetes-list-type" or "x-kubernetes-list-map-keys" or "x-kubernetes-map-type":
                    plain[name] = value!.DeepClone();
                    break;
            }
        }

        RequireKeys(plain);
        return plain;
    }

    // What tells the elements of a list apart must be there.
    private static void RequireKeys(JsonObject list)
    {
        foreach (var key in (list["x-kubernetes-list-map-keys"] as JsonArray)?.Select(key => (string)key!) ?? [])
        {
            var items = (JsonObject)list["items"]!;
            if (key == "protocol")
            {
                items["properties"]![key]!["default"] = "TCP";
                continue;
            }

            var required = items["required"] as JsonArray ?? [];
            if (!required.Any(name => (string?)name == key))
            {
                required.Add(key);
            }

            items["required"] = required.DeepClone();
        }
    }
}
