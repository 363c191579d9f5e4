using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class DisruptionTests(ApiHost host)
{
    private const string Labels = """{"foo":"bar"}""";

    [Fact]
    public async Task Creates_updates_patches_and_deletes_a_budget()
    {
        var at = await BudgetsAsync();
        (await CreateAsync(at, "b", "\"minAvailable\":\"1%\"")).Expect(201);
        await host.Admin.EventuallyAsync($"{at}/b", reply => reply.Body["status"]?["observedGeneration"] is not null);
        var read = (await host.Admin.GetAsync($"{at}/b")).Body;
        read["spec"]!["minAvailable"] = "2%";
        Assert.Equal("2%", (string?)(await host.Admin.PutAsync($"{at}/b", read)).Expect(200)["spec.minAvailable"]);
        Assert.Equal("3%", (string?)(await host.Admin.PatchAsync($"{at}/b", """{"spec":{"minAvailable":"3%"}}""")).Expect(200)["spec.minAvailable"]);
        (await host.Admin.DeleteAsync($"{at}/b")).Expect(200);
        (await host.Admin.GetAsync($"{at}/b")).Expect(404);
    }

    [Fact]
    public async Task Lists_across_namespaces_and_deletes_a_collection()
    {
        var (first, second) = (await BudgetsAsync(), await BudgetsAsync());
        foreach (var (at, name) in new[] { (first, "a"), (first, "b"), (second, "c") })
        {
            (await CreateAsync(at, name, "\"minAvailable\":1", $$"""{"set":"{{first.Split('/')[5]}}"}""")).Expect(201);
        }

        Assert.Equal(3, (await host.Admin.GetAsync($"/apis/policy/v1/poddisruptionbudgets?labelSelector=set={first.Split('/')[5]}"))["items"]!.AsArray().Count);
        (await host.Admin.DeleteAsync(first)).Expect(200);
        Assert.Empty((await host.Admin.GetAsync(first))["items"]!.AsArray());
        Assert.Single((await host.Admin.GetAsync(second))["items"]!.AsArray());
    }

    [Fact]
    public async Task Observes_how_many_disruptions_are_allowed()
    {
        var at = await BudgetsAsync();
        (await CreateAsync(at, "b", "\"minAvailable\":1")).Expect(201);
        await ReadyPodsAsync(at, 3);
        var status = await host.Admin.EventuallyAsync($"{at}/b", reply => (int?)reply.Body["status"]?["disruptionsAllowed"] == 2);
        Assert.Equal((3, 1, 3), ((int?)status["status.currentHealthy"], (int?)status["status.desiredHealthy"], (int?)status["status.expectedPods"]));
        var condition = status["status.conditions.0"]!;
        Assert.Equal(("DisruptionAllowed", "True", "SufficientPods", 1), ((string?)condition["type"], (string?)condition["status"], (string?)condition["reason"], (int?)condition["observedGeneration"]));
    }

    [Fact]
    public async Task Updates_and_patches_the_status()
    {
        var at = await BudgetsAsync();
        (await CreateAsync(at, "b", "\"minAvailable\":1")).Expect(201);
        await host.Admin.EventuallyAsync($"{at}/b", reply => reply.Body["status"]?["observedGeneration"] is not null);
        var read = (await host.Admin.GetAsync($"{at}/b")).Body;
        read["status"]!["disruptedPods"] = new JsonObject { ["p"] = "2020-01-01T00:00:00Z" };
        Assert.NotNull((await host.Admin.PutAsync($"{at}/b/status", read)).Expect(200)["status.disruptedPods.p"]);
        Assert.NotNull((await host.Admin.PatchAsync($"{at}/b/status", """{"status":{"disruptedPods":{"q":"2020-01-01T00:00:00Z"}}}""")).Expect(200)["status.disruptedPods.q"]);
    }

    [Fact]
    public async Task Blocks_an_eviction_until_the_budget_allows_it()
    {
        var at = await BudgetsAsync();
        (await CreateAsync(at, "b", "\"minAvailable\":2")).Expect(201);
        await ReadyPodsAsync(at, 2);
        await host.Admin.EventuallyAsync($"{at}/b", reply => (int?)reply.Body["status"]?["currentHealthy"] == 2);
        var refused = (await EvictAsync(at, "p0")).Expect(429);
        Assert.Equal("Cannot evict pod as it would violate the pod's disruption budget.", refused.Message);
        Assert.Equal("""[{"reason":"DisruptionBudget","message":"The disruption budget b needs 2 healthy pods and has 2 currently"}]""", refused["details.causes"]!.ToJsonString());
        (await host.Admin.PatchAsync($"{at}/b", """{"spec":{"minAvailable":1}}""")).Expect(200);
        await host.Admin.EventuallyAsync($"{at}/b", reply => (int?)reply.Body["status"]?["disruptionsAllowed"] == 1);
        (await EvictAsync(at, "p0", """,{"dryRun":["All"]}""")).Expect(201);
        Assert.Equal(1, (int?)(await host.Admin.GetAsync($"{at}/b"))["status.disruptionsAllowed"]);
        (await EvictAsync(at, "p0")).Expect(201);
        (await EvictAsync(at, "p1")).Expect(429);
    }

    [Fact]
    public async Task Two_budgets_for_one_pod_are_not_supported()
    {
        var at = await BudgetsAsync();
        await ReadyPodsAsync(at, 1);
        (await CreateAsync(at, "a", "\"minAvailable\":0")).Expect(201);
        (await CreateAsync(at, "b", "\"minAvailable\":0")).Expect(201);
        Assert.Equal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", (await EvictAsync(at, "p0")).Expect(500).Message);
    }

    [Fact]
    public async Task A_pod_that_is_not_ready_goes_where_the_budget_always_allows_it()
    {
        var at = await BudgetsAsync();
        (await CreateAsync(at, "b", "\"minAvailable\":1,\"unhealthyPodEvictionPolicy\":\"AlwaysAllow\"")).Expect(201);
        await ReadyPodsAsync(at, 1, "False");
        await host.Admin.EventuallyAsync($"{at}/b", reply => (int?)reply.Body["status"]?["expectedPods"] == 1);
        (await EvictAsync(at, "p0")).Expect(201);
        Assert.Equal("EvictionByEvictionAPI", (string?)(await host.Admin.GetAsync(PodOf(at, "p0")))["status.conditions"]!.AsArray().Single(condition => (string?)condition!["type"] == "DisruptionTarget")!["reason"]);
    }

    [Fact]
    public async Task Counts_what_a_replica_set_wants()
    {
        var at = await BudgetsAsync();
        (await CreateAsync(at, "b", "\"maxUnavailable\":\"30%\"")).Expect(201);
        var set = $$"""{"metadata":{"name":"s"},"spec":{"replicas":4,"selector":{"matchLabels":{{Labels}} },"template":{"metadata":{"labels":{{Labels}} },"spec":{"nodeSelector":{"none":"such"},"containers":[{"name":"c","image":"i"}]} } } }""";
        (await host.Admin.PostAsync(at.Replace("/policy/v1/", "/apps/v1/", StringComparison.Ordinal).Replace("poddisruptionbudgets", "replicasets", StringComparison.Ordinal), set)).Expect(201);
        var status = await host.Admin.EventuallyAsync($"{at}/b", reply => (int?)reply.Body["status"]?["expectedPods"] == 4);
        Assert.Equal((2, 0), ((int?)status["status.desiredHealthy"], (int?)status["status.disruptionsAllowed"]));
    }

    private static string PodOf(string budgets, string name) => $"/api/v1/namespaces/{budgets.Split('/')[5]}/pods/{name}";

    private async Task<string> BudgetsAsync() => $"/apis/policy/v1/namespaces/{await host.SpaceAsync("budget")}/poddisruptionbudgets";

    private Task<Reply> CreateAsync(string at, string name, string spec, string labels = "{}") =>
        host.Admin.PostAsync(at, $$"""{"metadata":{"name":"{{name}}","labels":{{labels}} },"spec":{"selector":{"matchLabels":{{Labels}} },{{spec}} } }""");

    private async Task ReadyPodsAsync(string at, int count, string ready = "True")
    {
        var node = await host.FakeNodeAsync();
        for (var i = 0; i < count; i++)
        {
            var path = PodOf(at, $"p{i}");
            (await host.Admin.PostAsync(path[..path.LastIndexOf('/')], $$"""{"metadata":{"name":"p{{i}}","labels":{{Labels}} },"spec":{"nodeName":"{{node}}","containers":[{"name":"c","image":"i"}]} }""")).Expect(201);
            (await host.Admin.PatchAsync($"{path}/status", $$"""{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"{{ready}}"}]} }""")).Expect(200);
        }
    }

    private Task<Reply> EvictAsync(string at, string name, string more = "") =>
        host.Admin.PostAsync(PodOf(at, name) + "/eviction", $$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{name}}"}{{more.Replace(",{", ",\"deleteOptions\":{", StringComparison.Ordinal)}} }""");
}
