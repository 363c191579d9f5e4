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

    // Nodes and the like belong to the whole cluster; what other tests live on stays out of reach.
    private static readonly Kind[] Kinds = [.. KindRegistry.BuiltIn.All.Where(kind => kind is { IsNamespaced: true, IsStored: true })];

    private readonly Random random = new(seed);
    private readonly RandomObjects objects = new(seed);

    public FuzzedRequest Next()
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
