using System.Text.Json.Nodes;

namespace Flotilla.Ingress.Gateways.Definitions;

/// <summary>Pieces of structural schemas, in few words.</summary>
internal static class Schema
{
    public const string HostPattern = @"^(\*\.)?[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    public const string ExactHostPattern = @"^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$";
    public const string DurationPattern = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";
    public const string HeaderPattern = "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$";

    public static JsonObject Struct(string[] required, params (string Name, JsonObject Value)[] fields)
    {
        var schema = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject(fields.Select(field => KeyValuePair.Create<string, JsonNode?>(field.Name, field.Value))) };
        if (required.Length > 0)
        {
            schema["required"] = new JsonArray([.. required.Select(name => (JsonNode)name)]);
        }

        return schema;
    }

    public static JsonObject Text(int most = 253, int least = 1, string? pattern = null)
    {
        var schema = new JsonObject { ["type"] = "string", ["minLength"] = least, ["maxLength"] = most };
        if (pattern is not null)
        {
            schema["pattern"] = pattern;
        }

        return schema;
    }

    public static JsonObject OneOf(params string[] values) => new() { ["type"] = "string", ["enum"] = new JsonArray([.. values.Select(value => (JsonNode)value)]) };

    public static JsonObject Whole(int least, int most) => new() { ["type"] = "integer", ["format"] = "int32", ["minimum"] = least, ["maximum"] = most };

    public static JsonObject Port() => Whole(1, 65535);

    public static JsonObject List(JsonObject items, int most = 16, int least = 0, params string[] keys)
    {
        var schema = new JsonObject { ["type"] = "array", ["items"] = items, ["maxItems"] = most };
        if (least > 0)
        {
            schema["minItems"] = least;
        }

        if (keys.Length > 0)
        {
            schema["x-kubernetes-list-type"] = "map";
            schema["x-kubernetes-list-map-keys"] = new JsonArray([.. keys.Select(key => (JsonNode)key)]);
        }

        return schema;
    }

    public static JsonObject Labels() => new() { ["type"] = "object", ["additionalProperties"] = new JsonObject { ["type"] = "string" } };

    public static JsonObject By(this JsonObject schema, JsonNode otherwise)
    {
        schema["default"] = otherwise;
        return schema;
    }

    /// <summary>A rule in CEL.</summary>
    public static JsonObject Rule(this JsonObject schema, string rule, string message)
    {
        var rules = schema["x-kubernetes-validations"] as JsonArray ?? [];
        schema.Remove("x-kubernetes-validations");
        rules.Add((JsonNode)new JsonObject { ["rule"] = rule, ["message"] = message });
        schema["x-kubernetes-validations"] = rules;
        return schema;
    }

    public static JsonObject Group(string otherwise) => Text(least: 0).By(otherwise);

    public static JsonObject Conditions() => List(
        Struct(
            ["lastTransitionTime", "message", "reason", "status", "type"],
            ("type", Text(316)),
            ("status", OneOf("True", "False", "Unknown")),
            ("observedGeneration", new JsonObject { ["type"] = "integer", ["format"] = "int64", ["minimum"] = 0 }),
            ("lastTransitionTime", new JsonObject { ["type"] = "string", ["format"] = "date-time" }),
            ("reason", Text(1024)),
            ("message", Text(32768, least: 0))),
        most: 8, keys: "type");
}
