using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.CustomResources;

/// <summary>Definitions for tests: each in an API group of its own, so that tests do not meet.</summary>
internal sealed record Definitions(ApiHost Host, string Group)
{
    private static int groups;

    public const string Root = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    public string Name => $"gadgets.{Group}";

    public string Path => $"{Root}/{Name}";

    public static Definitions New(ApiHost host) => new(host, $"g{Interlocked.Increment(ref groups)}.example.com");

    /// <summary>A namespaced kind Gadget with one version of the given schema.</summary>
    public JsonObject Simple(string schema, string more = "") => Of($$$"""{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{{{schema}}}}{{{more}}}}""");

    public JsonObject Of(params string[] versions) => (JsonObject)JsonNode.Parse($$"""
        {"apiVersion":"apiextensions.k8s.io/v1","kind":"CustomResourceDefinition","metadata":{"name":"{{Name}}"},
         "spec":{"group":"{{Group}}","scope":"Namespaced","names":{"plural":"gadgets","kind":"Gadget","shortNames":["gd"],"categories":["all"]},
         "versions":[{{string.Join(',', versions)}}] } }
        """)!;

    /// <summary>Creates the definition and returns once it is established.</summary>
    public async Task<Reply> CreateAsync(JsonObject definition)
    {
        (await Host.Admin.PostAsync(Root, definition)).Expect(201);
        return await EstablishedAsync();
    }

    public Task<Reply> EstablishedAsync() => Host.Admin.EventuallyAsync(Path, reply => Condition(reply, "Established") == "True");

    public static string? Condition(Reply definition, string type) =>
        (string?)(definition["status.conditions"] as JsonArray)?.FirstOrDefault(condition => (string?)condition!["type"] == type)?["status"];

    public string Gadgets(string space, string version = "v1") => $"/apis/{Group}/{version}/namespaces/{space}/gadgets";

    public string Gadget(string name, string rest, string version = "v1") => $$"""{"apiVersion":"{{Group}}/{{version}}","kind":"Gadget","metadata":{"name":"{{name}}"}{{(rest.Length > 0 ? "," + rest : "")}}}""";
}
