using Flotilla.Server.Tests.Admission.Webhooks;
using Flotilla.Server.Tests.CustomResources;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class CustomResourceWebhookTests(ApiHost host, WebhookServer server)
{
    private const string Data = """{"type":"object","properties":{"data":{"type":"object","additionalProperties":{"type":"string"}}}}""";

    [Fact]
    public async Task Denies_creation_update_and_deletion()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple(Data));
        var path = server.On(request => ((string?)(request["object"] ?? request["oldObject"])!["data"]?["webhook-e2e-test"]) == "disallow" ? WebhookServer.Deny("the custom resource contains unwanted data") : WebhookServer.Allow());
        await scene.ValidateAsync(scene.Hook(path, Rules(defs, "\"CREATE\",\"UPDATE\",\"DELETE\"")));
        var gadgets = defs.Gadgets(scene.Space);
        Assert.Contains("unwanted data", (await host.Admin.PostAsync(gadgets, defs.Gadget("bad", """ "data":{"webhook-e2e-test":"disallow"} """))).Expect(400).Message, StringComparison.Ordinal);
        (await host.Admin.PostAsync(gadgets, defs.Gadget("g", """ "data":{"webhook-e2e-test":"allow"} """))).Expect(201);
        Assert.Contains("unwanted data", (await host.Admin.PatchAsync($"{gadgets}/g", """{"data":{"webhook-e2e-test":"disallow"}}""")).Expect(400).Message, StringComparison.Ordinal);
        (await host.Admin.DeleteAsync($"{gadgets}/g")).Expect(200);
        Assert.Equal(["CREATE", "CREATE", "UPDATE", "DELETE"], server.SeenAt(path).Select(request => (string?)request["operation"]));
    }

    [Fact]
    public async Task Mutates_in_stages()
    {
        var (made, _) = await MutateAsync(Data);
        Assert.Equal("""{"mutation-start":"yes","mutation-stage-1":"yes","mutation-stage-2":"yes"}""", made["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Prunes_what_a_mutation_adds_beyond_the_schema()
    {
        var (made, _) = await MutateAsync("""{"type":"object","properties":{"data":{"type":"object","properties":{"mutation-start":{"type":"string"},"mutation-stage-1":{"type":"string"}}}}}""");
        Assert.Equal("""{"mutation-start":"yes","mutation-stage-1":"yes"}""", made["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Mutates_what_is_stored_in_another_version()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var defs = Definitions.New(host);
        string Version(string name, bool storage) => $$"""{"name":"{{name}}","served":true,"storage":{{(storage ? "true" : "false")}},"schema":{"openAPIV3Schema":{{Data}} } }""";
        await defs.CreateAsync(defs.Of(Version("v1", true), Version("v2", false)));
        var path = server.On(request => request["object"]!["data"]?["mutated"] is null ? WebhookServer.Allow("""[{"op":"add","path":"/data/mutated","value":"yes"}]""") : WebhookServer.Allow());
        await scene.MutateAsync(scene.Hook(path, Rules(defs, "\"CREATE\",\"UPDATE\"")));
        (await host.Admin.PostAsync(defs.Gadgets(scene.Space), defs.Gadget("g", """ "data":{"a":"b"} """))).Expect(201);
        (await host.Admin.PatchAsync(defs.Path, """[{"op":"replace","path":"/spec/versions/0/storage","value":false},{"op":"replace","path":"/spec/versions/1/storage","value":true}]""", ApiCaller.JsonPatch)).Expect(200);
        await host.Admin.EventuallyAsync(defs.Path, reply => reply["status.storedVersions"]!.AsArray().Count == 2);
        var patched = (await host.Admin.PatchAsync($"{defs.Gadgets(scene.Space)}/g", """{"data":{"new":"value","mutated":null}}""")).Expect(200);
        Assert.Equal("""{"a":"b","new":"value","mutated":"yes"}""", patched["data"]!.ToJsonString());
        Assert.Equal("yes", (string?)(await host.Admin.GetAsync($"{defs.Gadgets(scene.Space, "v2")}/g"))["data.mutated"]);
    }

    [Fact]
    public async Task Shows_the_version_a_rule_names()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var defs = Definitions.New(host);
        string Version(string name, bool storage) => $$"""{"name":"{{name}}","served":true,"storage":{{(storage ? "true" : "false")}},"schema":{"openAPIV3Schema":{{Data}} } }""";
        await defs.CreateAsync(defs.Of(Version("v1", true), Version("v2", false)));
        var path = server.On(_ => WebhookServer.Allow());
        await scene.ValidateAsync(scene.Hook(path, $$"""[{"operations":["CREATE"],"apiGroups":["{{defs.Group}}"],"apiVersions":["v2"],"resources":["gadgets"]}]"""));
        (await host.Admin.PostAsync(defs.Gadgets(scene.Space), defs.Gadget("g", """ "data":{"a":"b"} """))).Expect(201);
        Assert.Equal($"{defs.Group}/v2", (string?)server.SeenAt(path).Single()["object"]!["apiVersion"]);
    }

    private async Task<(Reply Made, string Path)> MutateAsync(string schema)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var defs = Definitions.New(host);
        await defs.CreateAsync(defs.Simple(schema));
        string Stage(string needs, string adds) => server.On(request =>
            request["object"]!["data"]?[needs] is null ? WebhookServer.Allow() : WebhookServer.Allow($$"""[{"op":"add","path":"/data/{{adds}}","value":"yes"}]"""));
        await scene.MutateAsync(
            scene.Hook(Stage("mutation-start", "mutation-stage-1"), Rules(defs, "\"CREATE\""), name: "one.example.com"),
            scene.Hook(Stage("mutation-stage-1", "mutation-stage-2"), Rules(defs, "\"CREATE\""), name: "two.example.com"));
        var path = defs.Gadgets(scene.Space);
        return ((await host.Admin.PostAsync(path, defs.Gadget("g", """ "data":{"mutation-start":"yes"} """))).Expect(201), path);
    }

    private static string Rules(Definitions defs, string operations) => $$"""[{"operations":[{{operations}}],"apiGroups":["{{defs.Group}}"],"apiVersions":["v1"],"resources":["gadgets"]}]""";
}
