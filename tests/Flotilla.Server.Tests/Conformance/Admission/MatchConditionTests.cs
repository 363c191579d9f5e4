using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Admission.Webhooks;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class MatchConditionTests(ApiHost host, WebhookServer server)
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1";

    [Theory]
    [InlineData("mutatingwebhookconfigurations")]
    [InlineData("validatingwebhookconfigurations")]
    public async Task Are_stored_and_updated(string plural)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var at = await scene.RegisterAsync(plural, [scene.Hook("/unused", more: """{"matchConditions":[{"name":"expression-1","expression":"object.metadata.namespace == 'production'"}]}""")]);
        var read = (await host.Admin.GetAsync(at)).Body;
        Assert.Equal("expression-1", (string?)read["webhooks"]![0]!["matchConditions"]![0]!["name"]);
        read["webhooks"]![0]!["matchConditions"] = JsonNode.Parse("""[{"name":"expression-1","expression":"object.metadata.namespace == 'production'"},{"name":"expression-2","expression":"object.metadata.namespace == 'staging'"}]""");
        (await host.Admin.PutAsync(at, read)).Expect(200);
        Assert.Equal(2, (await host.Admin.GetAsync(at)).Body["webhooks"]![0]!["matchConditions"]!.AsArray().Count);
    }

    [Theory]
    [InlineData("mutatingwebhookconfigurations")]
    [InlineData("validatingwebhookconfigurations")]
    public async Task Are_refused_when_they_do_not_compile(string plural)
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var hook = scene.Hook("/unused", more: """{"matchConditions":[{"name":"invalid","expression":"... [] bad expression"}]}""");
        var reply = await host.Admin.PostAsync($"{Group}/{plural}", new JsonObject { ["metadata"] = new JsonObject { ["name"] = scene.Space }, ["webhooks"] = new JsonArray(hook) });
        Assert.Contains("webhooks[0].matchConditions[0].expression: Invalid value: \"... [] bad expression\": compilation failed", reply.Expect(422).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Leave_alone_what_they_do_not_match()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        var path = server.On(_ => WebhookServer.Allow("""[{"op":"add","path":"/data","value":{"mutated":"yes"}}]"""));
        await scene.MutateAsync(scene.Hook(path, more: """{"matchConditions":[{"name":"skip-me","expression":"object.metadata.name != 'skip-me'"}]}"""));
        Assert.Null((await scene.CreateConfigMapAsync("skip-me")).Expect(201).Body["data"]?["mutated"]);
        Assert.Equal("yes", (string?)(await scene.CreateConfigMapAsync("other")).Expect(201)["data.mutated"]);
    }

    [Fact]
    public async Task An_error_in_them_refuses_the_request_when_the_webhook_fails_closed()
    {
        await using var scene = await WebhookScene.CreateAsync(host, server);
        await scene.ValidateAsync(scene.Hook(server.On(_ => WebhookServer.Allow()), more: """{"matchConditions":[{"name":"broken","expression":"object.data.missing == 'x'"}]}"""));
        Assert.Equal(
            "configmaps \"a\" is forbidden: expression 'object.data.missing == 'x'' resulted in error: no such key: data", (await scene.CreateConfigMapAsync("a")).Expect(403).Message);
    }
}
