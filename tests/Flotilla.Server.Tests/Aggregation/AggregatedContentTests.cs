using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Aggregation;

/// <summary>Objects of other API servers are owned, collected and deleted with their namespace like any others.</summary>
public sealed class AggregatedContentTests(ApiHost host)
{
    [Fact]
    public async Task A_namespace_takes_the_objects_of_other_servers_along()
    {
        await using var scene = await SampleScene.StartAsync(host, "namespaced.example.com");
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync(scene.Flunders(space), scene.Flunder("a"))).Expect(201);
        (await host.Admin.PostAsync(scene.Flunders(), scene.Flunder("kept"))).Expect(201);
        (await host.Admin.DeleteAsync($"/api/v1/namespaces/{space}")).Expect(200);
        await host.Admin.EventuallyAsync($"/api/v1/namespaces/{space}", reply => reply.Code == 404);
        (await host.Admin.GetAsync($"{scene.Flunders(space)}/a")).Expect(404);
        (await host.Admin.GetAsync($"{scene.Flunders()}/kept")).Expect(200);
        Assert.Contains($"DELETE {scene.Flunders(space)} as system:kube-controller-manager", scene.Server.Seen);
    }

    [Fact]
    public async Task Ownership_reaches_from_one_server_to_the_other()
    {
        await using var scene = await SampleScene.StartAsync(host, "owned.example.com");
        var maps = $"/api/v1/namespaces/{scene.Space}/configmaps";
        var owner = (await host.Admin.PostAsync(maps, """{"metadata":{"name":"owner"}}""")).Expect(201);
        var flunder = (await host.Admin.PostAsync(scene.Flunders(), scene.Flunder("dependent", Owned("v1", "ConfigMap", owner)))).Expect(201);
        (await host.Admin.PostAsync(maps, $$"""{"metadata":{"name":"grandchild"{{Owned($"{scene.Group}/v1alpha1", "Flunder", flunder)}} } }""")).Expect(201);
        (await host.Admin.DeleteAsync($"{maps}/owner", """{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"Background"}""")).Expect(200);
        await host.Admin.EventuallyAsync($"{scene.Flunders()}/dependent", reply => reply.Code == 404, seconds: 60);
        await host.Admin.EventuallyAsync($"{maps}/grandchild", reply => reply.Code == 404, seconds: 60);
    }

    [Fact]
    public async Task A_server_that_does_not_answer_holds_a_namespace_and_the_condition_names_it()
    {
        await using var own = new ApiHost();
        await own.InitializeAsync();
        var space = await own.SpaceAsync();
        var path = $"{SampleScene.ApiServices}/v1.gone.example.com";
        (await own.Admin.PostAsync(SampleScene.ApiServices, Missing(space))).Expect(201);
        await own.Admin.EventuallyAsync(path, reply => SampleScene.Condition(reply, "status") == "False");
        (await own.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", """{"metadata":{"name":"c"}}""")).Expect(201);
        (await own.Admin.DeleteAsync($"/api/v1/namespaces/{space}")).Expect(200);
        var held = await own.Admin.EventuallyAsync($"/api/v1/namespaces/{space}", reply => DiscoveryFailure(reply)?["status"]?.ToString() == "True");
        Assert.Equal("DiscoveryFailed", (string?)DiscoveryFailure(held)!["reason"]);
        Assert.Equal(
            "Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: gone.example.com/v1: stale GroupVersion discovery: gone.example.com/v1",
            (string?)DiscoveryFailure(held)!["message"]);
        (await own.Admin.GetAsync($"/api/v1/namespaces/{space}/configmaps/c")).Expect(404);
        (await own.Admin.DeleteAsync(path)).Expect(200);
        await own.Admin.EventuallyAsync($"/api/v1/namespaces/{space}", reply => reply.Code == 404);
    }

    private static JsonNode? DiscoveryFailure(Reply reply) =>
        (reply["status.conditions"] as JsonArray)?.FirstOrDefault(condition => (string?)condition!["type"] == "NamespaceDeletionDiscoveryFailure");

    private static string Owned(string version, string kind, Reply owner) =>
        $$$""","ownerReferences":[{"apiVersion":"{{{version}}}","kind":"{{{kind}}}","name":"{{{owner["metadata.name"]}}}","uid":"{{{owner["metadata.uid"]}}}"}]""";

    private static string Missing(string space) => $$$"""
        {"metadata":{"name":"v1.gone.example.com"},"spec":{"group":"gone.example.com","version":"v1","groupPriorityMinimum":2000,"versionPriority":200,"insecureSkipTLSVerify":true,
         "service":{"namespace":"{{{space}}}","name":"gone","port":443} } }
        """;
}
