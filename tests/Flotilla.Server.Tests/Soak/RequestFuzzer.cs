using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Tests;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Soak;

/// <summary>One request that nobody in their right mind would send, or nearly a good one.</summary>
internal sealed record FuzzedRequest(HttpMethod Method, string Path, byte[]? Body, string ContentType, string Accept)
{
    public override string ToString() => $"{Method} {Path} ({ContentType}; {Accept}): {(Body is null ? "" : Encoding.UTF8.GetString(Body.AsSpan(0, Math.Min(Body.Length, 2000))))}";
}

/// <summary>Makes requests of random JSON, YAML, protobuf, patches and queries; the same for the same seed.</summary>
internal sealed class RequestFuzzer(int seed, string space)
{
    private static readonly string[] Parameters =
    [
        "limit", "continue", "resourceVersion", "resourceVersionMatch", "labelSelector", "fieldSelector", "dryRun", "fieldManager", "fieldValidation", "force",
        "gracePeriodSeconds", "propagationPolicy", "orphanDependents", "pretty", "includeObject", "sendInitialEvents", "allowWatchBookmarks", "timeoutSeconds",
    ];

    private static readonly string[] Values =
    [
        "", "0", "1", "-1", "99999999999999999999", "All", "true", "x", "a=b", "a in (b,c),!d", "metadata.name=n0", "spec.nodeName!=x", "Exact", "NotOlderThan", "Background",
        "Strict", "%00", "\u00fc", "a,,=(", "None", "e30", "eyJ2IjoibWV0YS5rOHMuaW8vdjEiLCJydiI6LTEsInN0YXJ0IjoiYSJ9", "((((", "1e9", "null",
    ];

    private static readonly string[] Types =
    [
        ApiCaller.Json, ApiCaller.Json, ApiCaller.MergePatch, ApiCaller.JsonPatch, ApiCaller.StrategicPatch, ApiCaller.Apply, "application/yaml", ProtobufWriter.MediaType, "text/html", "",
    ];

    private static readonly string[] Accepts =
    [
        ApiCaller.Json, ApiCaller.Json, ApiCaller.Table, ProtobufWriter.MediaType, "application/yaml", "*/*", "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1", "text/html", "a;b=c;;,",
    ];

    private static readonly HttpMethod[] Methods = [HttpMethod.Get, HttpMethod.Get, HttpMethod.Post, HttpMethod.Post, HttpMethod.Put, HttpMethod.Patch, HttpMethod.Patch, HttpMethod.Delete];

    private const string GadgetGroup = "fuzz.example.com";
    private const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private static readonly string[] SchemaWords =
    [
        "properties", "items", "additionalProperties", "not", "allOf", "anyOf", "oneOf", "x-kubernetes-validations", "pattern", "required", "enum", "default", "format", "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys", "minimum", "maxLength", "maxItems", "multipleOf", "nullable", "x-kubernetes-int-or-string", "x-kubernetes-preserve-unknown-fields", "x-kubernetes-embedded-resource", "uniqueItems", "$ref", "title",
    ];

    // Nodes and the like belong to the whole cluster; what other tests live on stays out of reach.
    private static readonly Kind[] Kinds = [.. KindRegistry.BuiltIn.All.Where(kind => kind is { IsNamespaced: true, IsStored: true })];

    private readonly Random random = new(seed);
    private readonly RandomObjects objects = new(seed);

    public FuzzedRequest Next() => random.Next(16) switch
    {
        0 => Elsewhere(),
        1 => OfGadgets(),
        2 when random.Next(8) == 0 => OfDefinitions(),
        _ => OfObjects(),
    };

    // What is no object: documents, health, old forms of paths, and paths that are nothing at all.
    private FuzzedRequest Elsewhere()
    {
        var path = Pick([
            "/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/openapi/v3/api/v1", "/openapi/v3/apis/apps/v1?hash=x", "/version", "/livez?verbose", "/readyz/ping",
            "/metrics", "/.well-known/openid-configuration", "/openid/v1/jwks", "/api//v1//pods", "/api/v1/%2e%2e/pods", "/api/v2/pods", "/apis/x/y/z", "/api/v1/namespaces", "/logs", "/debug/pprof",
            $"/api/v1/watch/namespaces/{space}/pods?timeoutSeconds=1", $"/api/v1/watch/namespaces/{space}/pods/n0/status", $"/api/v1/namespaces/{space}/pods/n0/proxy/x?y", $"/api/v1/namespaces/{space}/services/https:n0:x/proxy/",
            $"/api/v1/namespaces/{space}/pods/n0/exec?command=a", $"/api/v1/namespaces/{space}/bindings", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", "/apis/authentication.k8s.io/v1/tokenreviews",
        ]);
        var method = Pick(Methods);
        return new FuzzedRequest(method, path, method == HttpMethod.Get ? null : Encoding.UTF8.GetBytes(Nonsense(0)?.ToJsonString() ?? ""), Pick(Types), Pick(Accepts));
    }

    private FuzzedRequest OfGadgets()
    {
        var method = Pick(Methods);
        var type = Pick(Types);
        var body = new JsonObject
        {
            ["apiVersion"] = $"{GadgetGroup}/v1",
            ["kind"] = "Gadget",
            ["metadata"] = new JsonObject { ["name"] = string.Create(CultureInfo.InvariantCulture, $"n{random.Next(6)}") },
            ["spec"] = random.Next(3) == 0 ? Nonsense(1) : new JsonObject { ["size"] = random.Next(20), ["names"] = new JsonArray(Pick(Values), Pick(Values)), ["free"] = Nonsense(2), ["port"] = random.Next(2) == 0 ? Nonsense(4) : "http" },
        };
        var bytes = Encoding.UTF8.GetBytes(type == ApiCaller.JsonPatch ? Operations().ToJsonString() : body.ToJsonString());
        var name = method == HttpMethod.Post ? "" : string.Create(CultureInfo.InvariantCulture, $"/n{random.Next(6)}{Pick(["", "", "/status", "/scale"])}");
        return new FuzzedRequest(method, $"/apis/{GadgetGroup}/v1/namespaces/{space}/gadgets{name}?fieldManager=f&{Pick(Parameters)}={Uri.EscapeDataString(Pick(Values))}", method == HttpMethod.Get ? null : random.Next(4) == 0 ? Damaged(bytes) : bytes, type, Pick(Accepts));
    }

    private FuzzedRequest OfDefinitions()
    {
        var plural = Pick(["ones", "twos", "threes"]);
        var definition = Gadgets(plural, (JsonObject)Schema(0));
        var bytes = Encoding.UTF8.GetBytes(definition.ToJsonString());
        return random.Next(3) switch
        {
            0 => new FuzzedRequest(HttpMethod.Delete, $"{Definitions}/{plural}.{GadgetGroup}", null, ApiCaller.Json, ApiCaller.Json),
            1 => new FuzzedRequest(HttpMethod.Patch, $"{Definitions}/{plural}.{GadgetGroup}?fieldManager=f&force=true", bytes, Pick([ApiCaller.MergePatch, ApiCaller.Apply]), ApiCaller.Json),
            _ => new FuzzedRequest(HttpMethod.Post, Definitions, random.Next(4) == 0 ? Damaged(bytes) : bytes, ApiCaller.Json, ApiCaller.Json),
        };
    }

    /// <summary>A schema that may or may not be one.</summary>
    private JsonNode Schema(int depth)
    {
        var schema = new JsonObject { ["type"] = Pick(["object", "object", "array", "string", "integer", "number", "boolean", "nothing", ""]) };
        foreach (var word in Enumerable.Range(0, random.Next(4)).Select(_ => Pick(SchemaWords)).Distinct())
        {
            schema[word] = random.Next(6) == 0 ? Nonsense(3) : word switch
            {
                "properties" when depth < 4 => new JsonObject { ["a"] = Schema(depth + 1), ["b-c"] = Schema(depth + 1), ["spec"] = Schema(depth + 1) },
                "items" or "additionalProperties" or "not" when depth < 4 => Schema(depth + 1),
                "allOf" or "anyOf" or "oneOf" when depth < 4 => new JsonArray(Schema(depth + 1)),
                "x-kubernetes-validations" => new JsonArray(new JsonObject { ["rule"] = Pick(["self.a == 1", "self.all(x, x > 0)", "oldSelf == self", "((((", "self.matches('(')", "true"]), ["message"] = Pick(Values) }),
                "pattern" => Pick(["^a+$", "(", "(a|b)*c", "\\p{L}"]),
                "required" or "x-kubernetes-list-map-keys" => new JsonArray("a", "x"),
                "enum" => new JsonArray(1, "a", null),
                "default" => Nonsense(2),
                "format" => Pick(["date-time", "int32", "ipv4", "x"]),
                "x-kubernetes-list-type" => Pick(["map", "set", "atomic", "x"]),
                "minimum" or "maxLength" or "maxItems" or "multipleOf" => random.Next(-2, 5),
                _ => random.Next(2) == 0,
            };
        }

        return schema;
    }

    /// <summary>A definition in the group of the fuzzer.</summary>
    public static JsonObject Gadgets(string plural, JsonObject schema) => (JsonObject)JsonNode.Parse($$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{plural}}.{{GadgetGroup}}"},
         "spec":{"group":"{{GadgetGroup}}","scope":"Namespaced","names":{"plural":"{{plural}}","kind":"{{(plural == "gadgets" ? "Gadget" : "Fuzzed" + plural)}}"},
         "versions":[{"name":"v1","served":true,"storage":true,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size"} },
         "schema":{"openAPIV3Schema":{{schema.ToJsonString()}} } }] } }
        """)!;

    private FuzzedRequest OfObjects()
    {
        var kind = Pick(Kinds);
        var method = Pick(Methods);
        var root = kind.Group.Length == 0 ? $"/api/{kind.Version}" : $"/apis/{kind.Group}/{kind.Version}";
        var path = new StringBuilder($"{root}/namespaces/{space}/{kind.Plural}");
        if (method != HttpMethod.Post || random.Next(10) == 0)
        {
            path.Append(random.Next(12) == 0 ? "" : string.Create(CultureInfo.InvariantCulture, $"/n{random.Next(6)}"));
            path.Append(random.Next(8) == 0 ? Pick(["/status", "/scale", "/eviction", "/log", "/nothing", "/token"]) : "");
        }

        // Watches end when their time is up, so they get little of it.
        path.Append('?').Append(method == HttpMethod.Get && random.Next(40) == 0 ? "watch=1&timeoutSeconds=1&" : "");
        for (var i = random.Next(4); i > 0; i--)
        {
            path.Append(CultureInfo.InvariantCulture, $"{Pick(Parameters)}={Uri.EscapeDataString(Pick(Values))}&");
        }

        var type = Pick(Types);
        var body = method == HttpMethod.Get ? null : Body(kind, type);
        return new FuzzedRequest(method, path.ToString(), body, type, Pick(Accepts));
    }

    private byte[] Body(Kind kind, string type)
    {
        var value = random.Next(5) == 0 ? Nonsense(0) : objects.Of(kind.Schema);
        if (value is JsonObject map)
        {
            map["kind"] = kind.Name;
            map["apiVersion"] = kind.Identity.ApiVersion;
            map["metadata"] = new JsonObject { ["name"] = string.Create(CultureInfo.InvariantCulture, $"n{random.Next(6)}"), ["labels"] = new JsonObject { ["a"] = Pick(["b", "c", ""]) } };
        }

        var bytes = type switch
        {
            ApiCaller.JsonPatch => Encoding.UTF8.GetBytes(Operations().ToJsonString()),
            ProtobufWriter.MediaType when value is JsonObject && MessageTable.Find(kind.Identity) is { } message => ProtobufWriter.Body(kind.Identity, ProtobufWriter.Message(Encoding.UTF8.GetBytes(value!.ToJsonString()), message)),
            _ => Encoding.UTF8.GetBytes(value?.ToJsonString() ?? "null"),
        };
        return random.Next(4) == 0 ? Damaged(bytes) : bytes;
    }

    private JsonArray Operations()
    {
        var list = new JsonArray();
        for (var i = random.Next(4); i >= 0; i--)
        {
            list.Add(new JsonObject
            {
                ["op"] = Pick(["add", "remove", "replace", "move", "copy", "test", "nothing"]),
                ["path"] = Pick(["/metadata/labels/x", "/spec", "/data/k", "/metadata/name", "/", "", "/spec/containers/-", "/spec/containers/7", "/~2", "/metadata/managedFields"]),
                ["from"] = Pick(["/metadata/labels", "/spec", "/nothing"]),
                ["value"] = Nonsense(2),
            });
        }

        return list;
    }

    private JsonNode? Nonsense(int depth) => random.Next(depth > 4 ? 5 : 8) switch
    {
        0 => null,
        1 => Pick(Values),
        2 => random.NextInt64(),
        3 => random.NextDouble() * 1e30,
        4 => random.Next(2) == 0,
        5 => new JsonArray([.. Enumerable.Range(0, random.Next(4)).Select(_ => Nonsense(depth + 1))]),
        _ => new JsonObject(Enumerable.Range(0, random.Next(5)).Select(i => KeyValuePair.Create(Pick(["metadata", "spec", "status", "data", "kind", "name", "x"]) + (i > 2 ? "y" : ""), Nonsense(depth + 1))).DistinctBy(pair => pair.Key)),
    };

    private byte[] Damaged(byte[] bytes)
    {
        if (bytes.Length == 0)
        {
            return bytes;
        }

        var damaged = random.Next(3) == 0 ? bytes[..random.Next(bytes.Length)] : [.. bytes];
        for (var i = random.Next(4); i > 0 && damaged.Length > 0; i--)
        {
            damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
        }

        return damaged;
    }

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];
}
