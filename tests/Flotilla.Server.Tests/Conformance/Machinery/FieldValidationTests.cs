using System.Text.Json.Nodes;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class FieldValidationTests(ApiHost host)
{
    private const string Open = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    private const string Fields = """
        "foo":{"type":"string"},"cronSpec":{"type":"string","pattern":"^(\\d+|\\*)(/\\d+)?(\\s+(\\d+|\\*)(/\\d+)?){4}$"},
        "ports":{"type":"array","x-kubernetes-list-map-keys":["containerPort","protocol"],"x-kubernetes-list-type":"map","items":{"type":"object","required":["containerPort","protocol"],
         "properties":{"containerPort":{"format":"int32","type":"integer"},"hostIP":{"type":"string"},"name":{"type":"string"},"protocol":{"type":"string"}}}}
        """;

    private const string Closed = $$$"""{"type":"object","properties":{"spec":{"type":"object","properties":{ {{{Fields}}} } } } }""";

    private const string Embedding = $$$"""
        {"type":"object","properties":{"spec":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{
         "template":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"metadata":{"type":"object","properties":{"name":{"type":"string"} } },"spec":{"type":"object"} } },{{{Fields}}} } } } }
        """;

    private const string Spec = """

          foo: foo1
          cronSpec: "* * * * */5"
          ports:
          - name: x
            containerPort: 80
            protocol: TCP
        """;

    [Fact]
    public async Task Detects_unknown_and_duplicate_fields_of_a_built_in_kind_in_the_order_they_appear()
    {
        var refused = await CreateDeploymentAsync("Strict", """{"name":"my-dep"}""", "\"unknownField\":\"foo\",\"replicas\":2,\"replicas\":3,");
        Assert.Equal("Deployment in version \"v1\" cannot be handled as a Deployment: strict decoding error: unknown field \"spec.unknownField\", duplicate field \"spec.replicas\"", refused.Expect(400).Message);
        var warned = (await CreateDeploymentAsync("Warn", """{"name":"my-dep"}""", "\"replicas\":2,\"replicas\":3,\"unknownField\":\"foo\",")).Expect(201);
        Assert.Equal(["299 - \"duplicate field \\\"spec.replicas\\\"\"", "299 - \"unknown field \\\"spec.unknownField\\\"\""], warned.Warnings);
        Assert.Empty((await CreateDeploymentAsync("Ignore", """{"name":"my-dep2"}""", "\"unknownField\":\"foo\",")).Expect(201).Warnings);
    }

    [Fact]
    public async Task Detects_unknown_metadata_of_a_built_in_kind() => Assert.Contains(
        "strict decoding error: unknown field \"metadata.unknownMeta\"",
        (await CreateDeploymentAsync("Strict", """{"name":"my-dep","unknownMeta":"foo"}""", "")).Expect(400).Message,
        StringComparison.Ordinal);

    [Fact]
    public async Task Applies_a_custom_resource_that_fits_its_schema() => (await ApplyAsync(Closed, "", Spec)).Expect(201);

    [Fact]
    public async Task Applies_unknown_fields_where_there_is_no_schema() => (await ApplyAsync(Open, "", Spec + "\n  unknown: uk1")).Expect(201);

    [Fact]
    public async Task Refuses_to_apply_fields_that_the_schema_does_not_declare()
    {
        var refused = (await ApplyAsync(Closed, "", Spec + "\nunknownField: unknown")).Expect(500);
        Assert.EndsWith(", Kind=Gadget): .unknownField: field not declared in schema", refused.Message, StringComparison.Ordinal);
        Assert.StartsWith("failed to create typed patch object (", refused.Message, StringComparison.Ordinal);
        Assert.Null(refused["reason"]);
        var keyed = (await ApplyAsync(Closed, "", Spec + "\n    zone: far")).Expect(500);
        Assert.Contains(".spec.ports[containerPort=80,protocol=\"TCP\"].zone: field not declared in schema", keyed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Refuses_to_apply_unknown_metadata_in_the_object_and_in_embedded_ones()
    {
        var refused = (await ApplyAsync(Embedding, "\n  unknownMeta: unknown", Spec + """

              template:
                apiVersion: foo/v1
                kind: Sub
                metadata:
                  unknownSubMeta: unknown
                  name: subobject
            """)).Expect(500);
        Assert.Contains(".metadata.unknownMeta: field not declared in schema", refused.Message, StringComparison.Ordinal);
        Assert.Contains(".spec.template.metadata.unknownSubMeta: field not declared in schema", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Detects_keys_given_twice_even_where_the_unknown_is_kept()
    {
        var twice = Spec.Replace("\n  foo: foo1", "\n  unknown: uk1\n  foo: foo1\n  foo: foo2", StringComparison.Ordinal);
        var refused = (await ApplyAsync(Embedding, "\n  finalizers:\n  - test-finalizer", twice)).Expect(400);
        Assert.Equal("error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  line 11: key \"foo\" already set in map", refused.Message);
        var warned = (await ApplyAsync(Embedding, "", twice, "Warn")).Expect(201);
        Assert.Equal("299 - \"line 9: key \\\"foo\\\" already set in map\"", Assert.Single(warned.Warnings));
        Assert.Equal("foo2", (string?)warned["spec.foo"]);
    }

    [Fact]
    public async Task Tells_what_is_unknown_in_metadata_first_then_in_the_object_then_in_embedded_metadata()
    {
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple(Embedding.Replace("\"x-kubernetes-preserve-unknown-fields\":true,", "", StringComparison.Ordinal)));
        var space = await host.SpaceAsync();
        var body = $$$"""
            {"apiVersion":"{{{defs.Group}}}/v1","kind":"Gadget","zz":1,"metadata":{"name":"a","odd":1},"spec":{"foo":"a","foo":"b","other":1,
             "template":{"apiVersion":"v1","kind":"Sub","metadata":{"name":"x","strange":1} } } }
            """;
        var refused = (await host.Admin.PostAsync(defs.Gadgets(space) + "?fieldValidation=Strict", body)).Expect(400);
        Assert.EndsWith("strict decoding error: duplicate field \"spec.foo\", unknown field \"metadata.odd\", unknown field \"spec.other\", unknown field \"zz\", unknown field \"spec.template.metadata.strange\"", refused.Message, StringComparison.Ordinal);
        var warned = (await host.Admin.PostAsync(defs.Gadgets(space), body)).Expect(201);
        Assert.Equal(5, warned.Warnings.Count);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse("""{"name":"x"}"""), warned["spec.template.metadata"]), warned.Text);
    }

    [Fact]
    public async Task Embedded_objects_say_what_they_are()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Embedding));
        var refused = (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", """
            "spec":{"template":{"kind":"9x","metadata":{"labels":{"a b":"c"}}}}
            """))).Expect(422);
        Assert.Contains("spec.template.apiVersion: Required value", refused.Message, StringComparison.Ordinal);
        Assert.Contains("spec.template.kind: Invalid value: \"9x\": may have mixed case, but should otherwise match: ", refused.Message, StringComparison.Ordinal);
        Assert.Contains("spec.template.metadata.labels: Invalid value: \"a b\"", refused.Message, StringComparison.Ordinal);
        var mistyped = (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", """
            "spec":{"template":{"apiVersion":1,"kind":"X"}}
            """))).Expect(400);
        Assert.Equal("Gadget in version \"v1\" cannot be handled as a Gadget: spec.template.apiVersion: Invalid value: 1: must be a string", mistyped.Message);
    }

    [Fact]
    public async Task Patches_are_validated_as_a_whole()
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(Closed));
        (await host.Admin.PostAsync(defs.Gadgets(space), defs.Gadget("a", "\"spec\":{\"foo\":\"a\"}"))).Expect(201);
        var at = defs.Gadgets(space) + "/a";
        var refused = (await host.Admin.PatchAsync(at + "?fieldValidation=Strict", """{"spec":{"foo":"b","foo":"c","odd":1}}""")).Expect(422);
        Assert.StartsWith(" \"\" is invalid: patch: Invalid value: \"{", refused.Message, StringComparison.Ordinal);
        Assert.EndsWith(": strict decoding error: duplicate field \"spec.foo\", unknown field \"spec.odd\"", refused.Message, StringComparison.Ordinal);
        Assert.Equal("a", (string?)(await host.Admin.GetAsync(at))["spec.foo"]);
        var warned = (await host.Admin.PatchAsync(at, """{"spec":{"odd":1,"foo":"b"}}""")).Expect(200);
        Assert.Equal("299 - \"unknown field \\\"spec.odd\\\"\"", Assert.Single(warned.Warnings));
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"c"}}""")).Expect(201);
        var strategic = (await host.Admin.PatchAsync($"/api/v1/namespaces/{space}/configmaps/c?fieldValidation=Strict", """{"datum":{"b":"c","a":1}}""", ApiCaller.StrategicPatch)).Expect(422);
        Assert.Equal(" \"\" is invalid: patch: Invalid value: \"map[datum:map[a:1 b:c]]\": strict decoding error: unknown field \"datum\"", strategic.Message);
        var directive = (await host.Admin.PatchAsync(at + "?fieldValidation=Perhaps", "{}")).Expect(422);
        Assert.Equal("PatchOptions.meta.k8s.io \"\" is invalid: fieldValidation: Unsupported value: \"Perhaps\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"", directive.Message);
    }

    private async Task<Reply> CreateDeploymentAsync(string validation, string metadata, string more) => await host.Admin.PostAsync(
        $"/apis/apps/v1/namespaces/{await host.SpaceAsync()}/deployments?fieldManager=field_validation_mgr&fieldValidation={validation}",
        $$$"""
        {"apiVersion":"apps/v1","kind":"Deployment","metadata":{{{metadata}}},"spec":{{{{more}}}"selector":{"matchLabels":{"app":"nginx"}},
         "template":{"metadata":{"labels":{"app":"nginx"}},"spec":{"containers":[{"name":"nginx","image":"nginx:latest"}] } } } }
        """);

    private async Task<Reply> ApplyAsync(string schema, string metadata, string spec, string validation = "Strict")
    {
        var (defs, space) = (Definitions.New(host), await host.SpaceAsync());
        await defs.CreateAsync(defs.Simple(schema));
        var yaml = $"\napiVersion: {defs.Group}/v1\nkind: Gadget\nmetadata:\n  name: mytest{metadata}\nspec:{spec}\n";
        return await host.Admin.PatchAsync($"{defs.Gadgets(space)}/mytest?fieldManager=field_validation_mgr&fieldValidation={validation}", yaml, ApiCaller.Apply);
    }
}
