using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class GarbageCollectionTests(ApiHost host)
{
    private const string Template = """{"metadata":{"labels":{"app":"gc"}},"spec":{"containers":[{"name":"nginx","image":"nginx"}]}}""";

    [Fact]
    public async Task Deletes_the_pods_of_a_replication_controller_when_not_orphaning()
    {
        var space = await host.SpaceAsync("gc");
        await CreateControllerAsync(space, "rc", 2);
        (await DeleteAsync($"{Core(space)}/replicationcontrollers/rc", "Background")).Expect(200);
        await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == 0);
        (await host.Admin.GetAsync($"{Core(space)}/replicationcontrollers/rc")).Expect(404);
    }

    [Fact]
    public async Task Orphans_the_pods_of_a_replication_controller_if_told_to()
    {
        var space = await host.SpaceAsync("gc");
        await CreateControllerAsync(space, "rc", 10);
        (await DeleteAsync($"{Core(space)}/replicationcontrollers/rc", "Orphan")).Expect(200);
        await host.Admin.EventuallyAsync($"{Core(space)}/replicationcontrollers/rc", reply => reply.Code == 404, seconds: 60);
        var pods = Items(await host.Admin.GetAsync($"{Core(space)}/pods"));
        Assert.Equal(10, pods.Count);
        Assert.All(pods, pod => Assert.True(pod["metadata"]!["ownerReferences"] is null && pod["metadata"]!["deletionTimestamp"] is null));
    }

    [Fact]
    public async Task Deletes_the_replica_set_of_a_deployment_when_not_orphaning()
    {
        var space = await host.SpaceAsync("gc");
        await CreateDeploymentAsync(space);
        (await DeleteAsync($"{Apps(space)}/deployments/d", "Background")).Expect(200);
        await host.Admin.EventuallyAsync($"{Apps(space)}/replicasets", reply => Items(reply).Count == 0);
        await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == 0);
    }

    [Fact]
    public async Task Orphans_the_replica_set_of_a_deployment_if_told_to()
    {
        var space = await host.SpaceAsync("gc");
        await CreateDeploymentAsync(space);
        (await DeleteAsync($"{Apps(space)}/deployments/d", "Orphan")).Expect(200);
        await host.Admin.EventuallyAsync($"{Apps(space)}/deployments/d", reply => reply.Code == 404);
        var set = Assert.Single(Items(await host.Admin.GetAsync($"{Apps(space)}/replicasets")));
        Assert.Null(set["metadata"]!["ownerReferences"]);
        Assert.NotEmpty(Items(await host.Admin.GetAsync($"{Core(space)}/pods")));
    }

    [Fact]
    public async Task Keeps_a_controller_until_all_its_pods_are_deleted_if_told_to()
    {
        var space = await host.SpaceAsync("gc");
        var pods = await CreateControllerAsync(space, "rc", 10);
        var held = $"{Core(space)}/pods/{pods[0]}";
        (await host.Admin.PatchAsync(held, """{"metadata":{"finalizers":["example.com/hold"]}}""")).Expect(200);
        (await DeleteAsync($"{Core(space)}/replicationcontrollers/rc", "Foreground")).Expect(200);
        await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == 1);
        var waiting = (await host.Admin.GetAsync($"{Core(space)}/replicationcontrollers/rc")).Expect(200);
        Assert.Equal("foregroundDeletion", (string?)Assert.Single(waiting["metadata.finalizers"]!.AsArray()));
        (await host.Admin.PatchAsync(held, """{"metadata":{"finalizers":null}}""")).Expect(200);
        await host.Admin.EventuallyAsync($"{Core(space)}/replicationcontrollers/rc", reply => reply.Code == 404, seconds: 60);
        Assert.Empty(Items(await host.Admin.GetAsync($"{Core(space)}/pods")));
    }

    [Fact]
    public async Task Keeps_dependents_that_have_another_owner_than_the_one_that_waits_for_them()
    {
        var space = await host.SpaceAsync("gc");
        var pods = await CreateControllerAsync(space, "going", 10);
        var staying = (await host.Admin.PostAsync($"{Core(space)}/replicationcontrollers", """{"metadata":{"name":"staying"},"spec":{"replicas":0,"selector":{"app":"other"},"template":{"metadata":{"labels":{"app":"other"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""")).Expect(201);
        var kept = pods.Take(5).ToHashSet();
        foreach (var pod in kept)
        {
            var owner = $$$"""[{"op":"add","path":"/metadata/ownerReferences/-","value":{"apiVersion":"v1","kind":"ReplicationController","name":"staying","uid":"{{{staying["metadata.uid"]}}}"}}]""";
            (await host.Admin.PatchAsync($"{Core(space)}/pods/{pod}", owner, ApiCaller.JsonPatch)).Expect(200);
        }

        (await DeleteAsync($"{Core(space)}/replicationcontrollers/going", "Foreground")).Expect(200);
        await host.Admin.EventuallyAsync($"{Core(space)}/replicationcontrollers/going", reply => reply.Code == 404, seconds: 60);
        var left = await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == 5);
        Assert.All(Items(left), pod =>
        {
            Assert.Contains((string)pod["metadata"]!["name"]!, kept);
            Assert.Null(pod["metadata"]!["deletionTimestamp"]);
            Assert.Equal("staying", (string?)Assert.Single(pod["metadata"]!["ownerReferences"]!.AsArray())!["name"]);
        });
    }

    [Fact]
    public async Task Is_not_blocked_by_a_circle_of_owners()
    {
        var space = await host.SpaceAsync("gc");
        var uids = new Dictionary<int, string>();
        for (var i = 0; i < 3; i++)
        {
            uids[i] = (string)(await host.Admin.PostAsync($"{Core(space)}/pods", $$"""{"metadata":{"name":"pod{{i}}"},"spec":{"containers":[{"name":"c","image":"i"}]} }""")).Expect(201)["metadata.uid"]!;
        }

        for (var i = 0; i < 3; i++)
        {
            var owner = (i + 2) % 3;
            var patch = $$$"""{"metadata":{"ownerReferences":[{"apiVersion":"v1","kind":"Pod","name":"pod{{{owner}}}","uid":"{{{uids[owner]}}}","controller":true,"blockOwnerDeletion":true}]} }""";
            (await host.Admin.PatchAsync($"{Core(space)}/pods/pod{i}", patch)).Expect(200);
        }

        (await DeleteAsync($"{Core(space)}/pods/pod0", "Foreground")).Expect(200);
        await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == 0);
    }

    private static string Core(string space) => $"/api/v1/namespaces/{space}";

    private static string Apps(string space) => $"/apis/apps/v1/namespaces/{space}";

    private static List<JsonNode> Items(Reply reply) => [.. reply.Body["items"]!.AsArray().Select(item => item!)];

    private Task<Reply> DeleteAsync(string path, string policy) => host.Admin.DeleteAsync(path, $$"""{"kind":"DeleteOptions","apiVersion":"v1","propagationPolicy":"{{policy}}"}""");

    private async Task<List<string>> CreateControllerAsync(string space, string name, int replicas)
    {
        (await host.Admin.PostAsync($"{Core(space)}/replicationcontrollers", $$"""{"metadata":{"name":"{{name}}"},"spec":{"replicas":{{replicas}},"selector":{"app":"gc"},"template":{{Template}} } }""")).Expect(201);
        var pods = await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == replicas);
        return [.. Items(pods).Select(pod => (string)pod["metadata"]!["name"]!)];
    }

    private async Task CreateDeploymentAsync(string space)
    {
        (await host.Admin.PostAsync($"{Apps(space)}/deployments", $$$"""{"metadata":{"name":"d"},"spec":{"replicas":2,"selector":{"matchLabels":{"app":"gc"}},"template":{{{Template}}}} }""")).Expect(201);
        await host.Admin.EventuallyAsync($"{Core(space)}/pods", reply => Items(reply).Count == 2);
    }
}
