using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Webhooks;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class AdmissionWebhookTests(ApiHost host, WebhookServer server)
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";
    private const string Pods = """[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]""";
    private const string AddsKey = """[{"op":"add","path":"/data","value":{"mutated":"yes"}}]""";

    [Fact]
    public async Task Includes_webhook_resources_in_discovery_documents()
    {
        Assert.Contains((await host.Admin.GetAsync("/apis"))["groups"]!.AsArray(), group => (string?)group!["name"] == "admissionregistration.k8s.io");
        var resources = (await host.Admin.GetAsync(Group))["resources"]!.AsArray().Select(resource => (string?)resource!["name"]).ToList();
        Assert.Contains("mutatingwebhookconfigurations", resources);
        Assert.Contains("validatingwebhookconfigurations", resources);
    }

    [Theory]
    [InlineData("mutatingwebhookconfigurations")]
    [InlineData("validatingwebhookconfigurations")]
    public async Task Lists_webhooks_and_deletes_them_as_a_collection(string plural)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => plural[0] == 'm' ? WebhookServer.Allow(AddsKey) : WebhookServer.Deny("no"));
        for (var i = 0; i < 10; i++)
        {
            await scene.RegisterAsync(plural, [scene.Hook(path)], $$"""{"set":"{{scene.Space}}"}""");
        }

        Assert.Equal(10, (await host.Admin.GetAsync($"{Group}/{plural}?labelSelector=set={scene.Space}"))["items"]!.AsArray().Count);
        var touched = await scene.CreateConfigMapAsync("a");
        Assert.True(plural[0] == 'm' ? (string?)touched["data.mutated"] == "yes" : touched.Code == 400);
        (await host.Admin.DeleteAsync($"{Group}/{plural}?labelSelector=set={scene.Space}")).Expect(200);
        Assert.Null((await scene.CreateConfigMapAsync("b")).Expect(201).Body["data"]?["mutated"]);
    }

    [Theory]
    [InlineData("mutatingwebhookconfigurations")]
    [InlineData("validatingwebhookconfigurations")]
    public async Task Follows_updates_and_patches_of_a_webhook(string plural)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var hook = scene.Hook(server.On(_ => plural[0] == 'm' ? WebhookServer.Allow(AddsKey) : WebhookServer.Deny("no")));
        var at = await scene.RegisterAsync(plural, [hook]);
        var stored = (await host.Admin.GetAsync(at)).Body;
        stored["webhooks"]![0]!["rules"]![0]!["operations"] = new JsonArray("UPDATE");
        (await host.Admin.PutAsync(at, stored)).Expect(200);
        Assert.Null((await scene.CreateConfigMapAsync("a")).Expect(201).Body["data"]?["mutated"]);
        (await host.Admin.PatchAsync(at, """[{"op":"replace","path":"/webhooks/0/rules/0/operations","value":["CREATE"]}]""", ApiCaller.JsonPatch)).Expect(200);
        var touched = await scene.CreateConfigMapAsync("b");
        Assert.True(plural[0] == 'm' ? (string?)touched["data.mutated"] == "yes" : touched.Code == 400);
    }

    [Theory]
    [InlineData("attach")]
    [InlineData("exec")]
    public async Task Denies_connecting_to_a_pod(string subresource)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Deny($"no {subresource}"));
        await scene.ValidateAsync(scene.Hook(path, $$"""[{"operations":["CONNECT"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods/{{subresource}}"]}]"""));
        var node = await host.FakeNodeAsync();
        (await scene.CreatePodAsync("p", $$"""{"nodeName":"{{node}}","containers":[{"name":"c","image":"i"}]}""")).Expect(201);
        var reply = await host.Admin.PostAsync($"/api/v1/namespaces/{scene.Space}/pods/p/{subresource}?stdout=true&command=ls&container=c", "");
        Assert.Equal($"admission webhook \"hook.example.com\" denied the request: no {subresource}", reply.Expect(400).Message);
        var asked = server.SeenAt(path).Single();
        Assert.Equal(("CONNECT", "c"), ((string?)asked["operation"], (string?)asked["object"]!["container"]));
    }

    [Fact]
    public async Task Denies_pods_and_config_maps_but_not_in_other_namespaces()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var pods = server.On(async request =>
        {
            await Task.Delay((string?)request["name"] == "hangs" ? 5000 : 0, TestContext.Current.CancellationToken);
            return (string?)request["name"] == "bad" ? WebhookServer.Deny("the pod contains unwanted container name") : WebhookServer.Allow();
        });
        var maps = server.On(request => request["object"]!["data"]?["bad"] is null ? WebhookServer.Allow() : WebhookServer.Deny("the configmap contains unwanted key and value"));
        await scene.ValidateAsync(scene.Hook(pods, Pods, """{"timeoutSeconds":1}""", "pods.example.com"), scene.Hook(maps, name: "maps.example.com"));
        Assert.Contains("unwanted container name", (await scene.CreatePodAsync("bad")).Expect(400).Message, StringComparison.Ordinal);
        Assert.Contains("deadline", (await scene.CreatePodAsync("hangs")).Expect(500).Message, StringComparison.Ordinal);
        (await scene.CreateConfigMapAsync("x", data: """{"bad":"1"}""")).Expect(400);
        (await scene.CreateConfigMapAsync("good")).Expect(201);
        var at = $"/api/v1/namespaces/{scene.Space}/configmaps/good";
        (await host.Admin.PatchAsync(at, """{"data":{"bad":"1"}}""")).Expect(400);
        (await host.Admin.PutAsync(at, JsonNode.Parse("""{"metadata":{"name":"good"},"data":{"bad":"1"}}""")!)).Expect(400);
        var other = await host.SpaceAsync();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{other}/configmaps", """{"metadata":{"name":"x"},"data":{"bad":"1"}}""")).Expect(201);
    }

    [Fact]
    public async Task Denies_the_creation_of_a_resource_definition()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var rules = """[{"operations":["CREATE"],"apiGroups":["apiextensions.k8s.io"],"apiVersions":["*"],"resources":["customresourcedefinitions"]}]""";
        await scene.ValidateAsync(scene.Hook(server.On(_ => WebhookServer.Deny("no definitions")), rules, """{"namespaceSelector":{},"objectSelector":{"matchLabels":{"refuse":"me"}}}"""));
        var definition = """
            {"metadata":{"name":"foos.deny.example.com","labels":{"refuse":"me"}},"spec":{"group":"deny.example.com","scope":"Namespaced","names":{"plural":"foos","singular":"foo","kind":"Foo","listKind":"FooList"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object"}}}]}}
            """;
        Assert.Contains("no definitions", (await host.Admin.PostAsync("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition)).Expect(400).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(1, "Fail", 500)]
    [InlineData(1, "Ignore", 201)]
    [InlineData(10, "Fail", 201)]
    public async Task Honours_the_timeout(int seconds, string policy, int code)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(async _ =>
        {
            await Task.Delay(2000, TestContext.Current.CancellationToken);
            return WebhookServer.Allow();
        });
        await scene.ValidateAsync(scene.Hook(path, more: $$"""{"timeoutSeconds":{{seconds}},"failurePolicy":"{{policy}}"}"""));
        var reply = (await scene.CreateConfigMapAsync("a")).Expect(code);
        Assert.Equal(code == 500, reply.Text.Contains($"{path}?timeout=1s\\\": context deadline exceeded", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Mutates_a_config_map_in_stages()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        string Stage(string needs, string adds) => server.On(request =>
            request["object"]!["data"]?[needs] is null ? WebhookServer.Allow() : WebhookServer.Allow($$"""[{"op":"add","path":"/data/{{adds}}","value":"yes"}]"""));
        await scene.MutateAsync(scene.Hook(Stage("mutation-start", "mutation-stage-1"), name: "one.example.com"), scene.Hook(Stage("mutation-stage-1", "mutation-stage-2"), name: "two.example.com"));
        var made = (await scene.CreateConfigMapAsync("a", data: """{"mutation-start":"yes"}""")).Expect(201);
        Assert.Equal("""{"mutation-start":"yes","mutation-stage-1":"yes","mutation-stage-2":"yes"}""", made["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Applies_defaults_after_the_mutation_of_a_pod()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.MutateAsync(scene.Hook(server.On(_ => WebhookServer.Allow("""[{"op":"add","path":"/spec/initContainers","value":[{"image":"webhook-image","name":"webhook-added-init-container","resources":{}}]}]""")), Pods));
        var pod = (await scene.CreatePodAsync("p")).Expect(201);
        Assert.Equal("webhook-added-init-container", (string?)pod["spec.initContainers.0.name"]);
        Assert.Equal("File", (string?)pod["spec.initContainers.0.terminationMessagePolicy"]);
    }

    [Fact]
    public async Task Never_touches_webhook_configurations()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var rules = """[{"operations":["*"],"apiGroups":["admissionregistration.k8s.io"],"apiVersions":["*"],"resources":["*"]}]""";
        await scene.ValidateAsync(scene.Hook(server.On(_ => WebhookServer.Deny("no")), rules, """{"namespaceSelector":{}}"""));
        await scene.MutateAsync(scene.Hook(server.On(_ => WebhookServer.Allow("""[{"op":"add","path":"/metadata/labels","value":{"touched":"yes"}}]""")), rules, """{"namespaceSelector":{}}"""));
        var at = await scene.ValidateAsync(scene.Hook("/unused"));
        Assert.Null((await host.Admin.GetAsync(at)).Body["metadata"]!["labels"]);
        (await host.Admin.DeleteAsync(at)).Expect(200);
    }

    [Fact]
    public async Task Rejects_everything_when_it_fails_closed()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var hook = scene.Hook("/x", more: $$"""{"failurePolicy":"Fail","clientConfig":{"service":{"namespace":"{{scene.Space}}","name":"absent","port":8443,"path":"/configmaps"} } }""");
        await scene.ValidateAsync(hook);
        var reply = (await scene.CreateConfigMapAsync("a")).Expect(500);
        Assert.Equal("InternalError", (string?)reply.Body["reason"]);
        Assert.Equal($"Internal error occurred: failed calling webhook \"hook.example.com\": failed to call webhook: Post \"https://absent.{scene.Space}.svc:8443/configmaps?timeout=10s\": service \"absent\" not found", reply.Message);
    }
}
