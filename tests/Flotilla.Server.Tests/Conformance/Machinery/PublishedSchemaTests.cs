using System.Text.Json.Nodes;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

/// <summary>What definitions publish in the API's own description: <c>CustomResourcePublishOpenAPI</c>.</summary>
public sealed class PublishedSchemaTests(ApiHost host)
{
    private const string Foo = """
        {"description":"Foo CRD for Testing","type":"object","properties":{
         "spec":{"type":"object","description":"Specification of Foo","properties":{"bars":{"type":"array","description":"List of Bars and their specs.",
          "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string","description":"Name of Bar."},"age":{"type":"string","description":"Age of Bar."},
           "feeling":{"type":"string","description":"Whether Bar is feeling great.","enum":["Great","Down"]},"bazs":{"type":"array","description":"List of Bazs.","items":{"type":"string"}}}}}}},
         "status":{"type":"object","description":"Status of Foo","properties":{"bars":{"type":"array","description":"List of Bars and their statuses.",
          "items":{"type":"object","properties":{"name":{"type":"string"},"available":{"type":"boolean"},"quxType":{"type":"string"}}}}}}}}
        """;

    private const string Waldo = """{"description":"Waldo CRD for Testing","type":"object","properties":{"spec":{"description":"Specification of Waldo","type":"object","properties":{"dummy":{"description":"Dummy property.","type":"string"}}}}}""";

    [Fact]
    public async Task Works_for_a_definition_with_a_schema()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Foo));
        AssertSchema(Foo, await DefinitionAsync(defs, "v1"));
        const string Strict = "?fieldValidation=Strict";
        (await host.Admin.PostAsync(defs.Gadgets(space) + Strict, defs.Gadget("a", "\"spec\":{\"bars\":[{\"name\":\"test-bar\"}]}"))).Expect(201);
        var unknown = (await host.Admin.PostAsync(defs.Gadgets(space) + Strict, defs.Gadget("b", "\"spec\":{\"foo\":true}"))).Expect(400);
        Assert.Contains("strict decoding error: unknown field \"spec.foo\"", unknown.Message, StringComparison.Ordinal);
        var missing = (await host.Admin.PostAsync(defs.Gadgets(space) + Strict, defs.Gadget("b", "\"spec\":{\"bars\":[{\"age\":\"10\"}]}"))).Expect(422);
        Assert.Contains("spec.bars[0].name: Required value", missing.Message, StringComparison.Ordinal);
        var value = (await host.Admin.PostAsync(defs.Gadgets(space) + Strict, defs.Gadget("b", "\"spec\":{\"bars\":[{\"name\":\"b\",\"feeling\":\"NonExistentValue\"}]}"))).Expect(422);
        Assert.Contains("Unsupported value: \"NonExistentValue\"", value.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explains_the_fields_of_a_definition_and_of_its_metadata()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple(Foo));
        var schemas = (await V3Async(defs)).Expect(200).Body["components"]!["schemas"]!;
        var gadget = schemas[NameOf(defs, "v1")]!;
        Assert.Equal("Foo CRD for Testing", (string?)gadget["description"]);
        Assert.StartsWith("APIVersion defines", (string?)gadget["properties"]!["apiVersion"]!["description"], StringComparison.Ordinal);
        Assert.Equal("List of Bars and their specs.", (string?)gadget["properties"]!["spec"]!["properties"]!["bars"]!["description"]);
        var metadata = gadget["properties"]!["metadata"]!;
        Assert.StartsWith("Standard object's metadata.", (string?)metadata["description"], StringComparison.Ordinal);
        var meta = schemas[((string)metadata["allOf"]![0]!["$ref"]!).Split('/')[^1]]!;
        Assert.StartsWith("CreationTimestamp is a timestamp", (string?)meta["properties"]!["creationTimestamp"]!["description"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"type":"object","x-kubernetes-preserve-unknown-fields":true}""", """{"type":"object"}""")]
    [InlineData("""{"type":"object","x-kubernetes-preserve-unknown-fields":true,"description":"open at the root","properties":{"spec":{"type":"object"}}}""", """{"type":"object"}""")]
    [InlineData(
        """{"type":"object","description":"open below","properties":{"spec":{"type":"object","description":"Specification of Waldo","x-kubernetes-preserve-unknown-fields":true,"properties":{"dummy":{"type":"string"}}}}}""",
        """{"type":"object","description":"open below","properties":{"spec":{"description":"Specification of Waldo","x-kubernetes-preserve-unknown-fields":true}}}""")]
    public async Task Does_not_forbid_the_unknown_where_it_is_kept(string schema, string published)
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(schema));
        AssertSchema(published, await DefinitionAsync(defs, "v1"));
        var made = (await host.Admin.PostAsync(defs.Gadgets(space) + "?fieldValidation=Strict", defs.Gadget("a", "\"spec\":{\"a\":null,\"b\":[{\"c\":\"d\"}]}"))).Expect(schema.Contains("\"spec\":{\"type\":\"object\"}", StringComparison.Ordinal) ? 400 : 201);
        if (made.Code == 201)
        {
            Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"a":null,"b":[{"c":"d"}]}"""), made["spec"]), made.Text);
        }
    }

    [Fact]
    public async Task Works_for_definitions_of_different_groups()
    {
        var (foo, waldo) = (Definitions.New(host), Definitions.New(host));
        await foo.CreateAsync(foo.Simple(Foo));
        await waldo.CreateAsync(waldo.Of(Version("v1beta1", Waldo, storage: true)));
        AssertSchema(Foo, await DefinitionAsync(foo, "v1"));
        AssertSchema(Waldo, await DefinitionAsync(waldo, "v1beta1"));
    }

    [Fact]
    public async Task Works_for_different_versions_and_kinds_of_one_group()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Of(Version("v2", Foo, storage: true), Version("v3", Foo)));
        AssertSchema(Foo, await DefinitionAsync(defs, "v2"));
        AssertSchema(Foo, await DefinitionAsync(defs, "v3"));
        var other = defs.Of(Version("v2", Waldo, storage: true));
        other["metadata"]!["name"] = $"waldos.{defs.Group}";
        other["spec"]!["names"] = JsonNode.Parse("""{"plural":"waldos","kind":"Waldo"}""");
        (await host.Admin.PostAsync(Definitions.Root, other)).Expect(201);
        await host.Admin.EventuallyAsync($"{Definitions.Root}/waldos.{defs.Group}", reply => Definitions.Condition(reply, "Established") == "True");
        AssertSchema(Waldo, (await host.Admin.GetAsync("/openapi/v2")).Body["definitions"]![NameOf(defs, "v2").Replace("Gadget", "Waldo", StringComparison.Ordinal)]!.AsObject());
        AssertSchema(Foo, await DefinitionAsync(defs, "v2"));
    }

    [Fact]
    public async Task Follows_a_version_that_is_renamed()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Of(Version("v2", Foo, storage: true), Version("v3", Foo)));
        (await host.Admin.PatchAsync(defs.Path, """[{"op":"test","path":"/spec/versions/1/name","value":"v3"},{"op":"replace","path":"/spec/versions/1/name","value":"v4"}]""", ApiCaller.JsonPatch)).Expect(200);
        await host.Admin.EventuallyAsync("/openapi/v2", reply => Has(reply, defs, "v4") && !Has(reply, defs, "v3"));
        AssertSchema(Foo, await DefinitionAsync(defs, "v4"));
        AssertSchema(Foo, await DefinitionAsync(defs, "v2"));
    }

    [Fact]
    public async Task Drops_a_version_that_is_no_longer_served()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Of(Version("v5", Foo, storage: true), Version("v6alpha1", Foo)));
        AssertSchema(Foo, await DefinitionAsync(defs, "v6alpha1"));
        var read = (await host.Admin.GetAsync(defs.Path)).Body;
        read["spec"]!["versions"]![1]!["served"] = false;
        (await host.Admin.PutAsync(defs.Path, read)).Expect(200);
        await host.Admin.EventuallyAsync("/openapi/v2", reply => !Has(reply, defs, "v6alpha1"));
        AssertSchema(Foo, await DefinitionAsync(defs, "v5"));
    }

    private static string Version(string name, string schema, bool storage = false) =>
        $$$"""{"name":"{{{name}}}","served":true,"storage":{{{(storage ? "true" : "false")}}},"schema":{"openAPIV3Schema":{{{schema}}}}}""";

    private static string NameOf(Definitions defs, string version) => $"{string.Join('.', defs.Group.Split('.').Reverse())}.{version}.Gadget";

    private static bool Has(Reply reply, Definitions defs, string version) => reply.Body["definitions"]!.AsObject().ContainsKey(NameOf(defs, version));

    private async Task<JsonObject> DefinitionAsync(Definitions defs, string version) => (await host.Admin.GetAsync("/openapi/v2")).Expect(200).Body["definitions"]![NameOf(defs, version)]!.AsObject();

    private Task<Reply> V3Async(Definitions defs) => host.Admin.GetAsync($"/openapi/v3/apis/{defs.Group}/v1");

    /// <summary>But for what the server adds, the definition is what was asked for.</summary>
    private static void AssertSchema(string wanted, JsonObject published)
    {
        var bare = (JsonObject)published.DeepClone();
        bare.Remove("x-kubernetes-group-version-kind");
        if (bare["properties"] is JsonObject properties)
        {
            foreach (var name in new[] { "apiVersion", "kind", "metadata" })
            {
                properties.Remove(name);
            }
        }

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(wanted), bare), bare.ToJsonString());
    }
}
