using System.Text.Json.Nodes;
using Flotilla.Conformance.Live;

namespace Flotilla.Conformance.Node;

/// <summary>Objects that a node or its users need only as objects: each is created, found, changed in every way and deleted.</summary>
public sealed class ApiLifecycleTests(LiveCluster cluster)
{
    private const string Selection = "labelSelector=scene%3Dlife";

    [Theory]
    [InlineData("Lease", "/apis/coordination.k8s.io/v1/namespaces/{0}/leases", """{"spec":{"holderIdentity":"holder","leaseDurationSeconds":30,"leaseTransitions":0}}""")]
    [InlineData("PodTemplate", "/api/v1/namespaces/{0}/podtemplates", """{"template":{"spec":{"containers":[{"name":"c","image":"i"}]}}}""")]
    [InlineData("ConfigMap", "/api/v1/namespaces/{0}/configmaps", """{"data":{"key":"value"}}""")]
    [InlineData("Secret", "/api/v1/namespaces/{0}/secrets", """{"data":{"key":"dmFsdWU="}}""")]
    [InlineData("RuntimeClass", "/apis/node.k8s.io/v1/runtimeclasses", """{"handler":"some-handler"}""")]
    [InlineData("DeviceClass", "/apis/resource.k8s.io/v1/deviceclasses", """{"spec":{}}""")]
    [InlineData("ResourceClaim", "/apis/resource.k8s.io/v1/namespaces/{0}/resourceclaims", """{"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"some"}}]}}}""")]
    [InlineData("ResourceClaimTemplate", "/apis/resource.k8s.io/v1/namespaces/{0}/resourceclaimtemplates", """{"spec":{"spec":{"devices":{"requests":[{"name":"r","exactly":{"deviceClassName":"some"}}]}}}}""")]
    [InlineData("ResourceSlice", "/apis/resource.k8s.io/v1/resourceslices", """{"spec":{"driver":"life.example.com","nodeName":"n","pool":{"name":"p","generation":1,"resourceSliceCount":1}}}""")]
    public async Task Is_created_found_patched_replaced_and_deleted(string kind, string path, string body)
    {
        await using var space = await Space.CreateAsync(cluster);
        var api = new RawApi(space.Client);
        var all = string.Format(System.Globalization.CultureInfo.InvariantCulture, path, space.Name);
        var item = JsonNode.Parse(body)!.AsObject();
        item["metadata"] = new JsonObject { ["name"] = $"life-{space.Name}", ["labels"] = new JsonObject { ["scene"] = "life", ["run"] = space.Name } };
        var selected = $"{all}?{Selection},run%3D{space.Name}";

        var created = (await api.SendAsync("POST", all, item.ToJsonString())).Expect(201).Body;
        var one = $"{all}/life-{space.Name}";
        var read = (await api.GetAsync(one)).Expect(200).Body;
        Assert.Equal((kind, (string?)created["metadata"]!["uid"]), ((string?)read["kind"], (string?)read["metadata"]!["uid"]));
        Assert.Single((await api.GetAsync(selected)).Expect(200).Body["items"]!.AsArray());

        var patched = (await api.PatchAsync(one, """{"metadata":{"labels":{"patched":"yes"}}}""")).Expect(200).Body;
        Assert.Equal("yes", (string?)patched["metadata"]!["labels"]!["patched"]);
        Assert.Equal("yes", (string?)(await ReplaceAsync(space, api, one))["metadata"]!["annotations"]!["updated"]);

        // A second one goes alone, then all that are selected.
        item["metadata"]!["name"] = $"second-{space.Name}";
        (await api.SendAsync("POST", all, item.ToJsonString())).Expect(201);
        (await api.SendAsync("DELETE", $"{all}/second-{space.Name}")).Expect(200);
        (await api.GetAsync($"{all}/second-{space.Name}")).Expect(404);
        (await api.SendAsync("DELETE", selected)).Expect(200);
        await space.UntilAsync(() => api.GetAsync(selected), answer => answer.Body["items"]!.AsArray().Count == 0, 10);
    }

    // Controllers may write in between: then once more upon what they wrote.
    private static async Task<JsonNode> ReplaceAsync(Space space, RawApi api, string path)
    {
        var replaced = await space.UntilAsync(
            async () =>
            {
                var item = (await api.GetAsync(path)).Expect(200).Body;
                item["metadata"]!["annotations"] = new JsonObject { ["updated"] = "yes" };
                return await api.SendAsync("PUT", path, item.ToJsonString());
            },
            answer => answer.Code != 409,
            10);
        return replaced.Expect(200).Body;
    }

    // Pods of daemon sets go to any node: while there is one more, nothing else runs.
    [Fact(DisableParallelization = true)]
    public Task A_node_is_created_found_patched_replaced_and_deleted() =>
        Is_created_found_patched_replaced_and_deleted("Node", "/api/v1/nodes", """{"spec":{"unschedulable":true}}""");

    [Theory]
    [InlineData("configmaps")]
    [InlineData("secrets")]
    public async Task An_empty_key_is_refused(string resource)
    {
        await using var space = await Space.CreateAsync(cluster);
        var answer = await new RawApi(space.Client).SendAsync("POST", $"/api/v1/namespaces/{space.Name}/{resource}", """{"metadata":{"name":"empty"},"data":{"":"dmFsdWU="}}""");
        Assert.Contains("data[]", answer.Expect(422).Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_secret_is_patched_and_found_in_all_namespaces()
    {
        await using var space = await Space.CreateAsync(cluster);
        var api = new RawApi(space.Client);
        var all = $"/api/v1/namespaces/{space.Name}/secrets";
        (await api.SendAsync("POST", all, """{"metadata":{"name":"s","labels":{"for":"patch"}},"data":{"key":"dmFsdWU="}}""")).Expect(201);
        (await api.PatchAsync(all + "/s", """{"metadata":{"labels":{"for":"patched"}},"data":{"key":"dmFsdWUx"}}""", "application/strategic-merge-patch+json")).Expect(200);
        var found = (await api.GetAsync("/api/v1/secrets?labelSelector=for%3Dpatched")).Expect(200).Body["items"]!.AsArray().Single(item => (string?)item!["metadata"]!["namespace"] == space.Name);
        Assert.Equal("dmFsdWUx", (string?)found!["data"]!["key"]);
        (await api.SendAsync("DELETE", all + "?labelSelector=for%3Dpatched")).Expect(200);
        Assert.Empty((await api.GetAsync(all + "?labelSelector=for%3Dpatched")).Expect(200).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task Runtime_classes_are_discovered()
    {
        await using var space = await Space.CreateAsync(cluster);
        var api = new RawApi(space.Client);
        Assert.Contains("node.k8s.io", (await api.GetAsync("/apis")).Expect(200).Text, StringComparison.Ordinal);
        Assert.Equal("node.k8s.io/v1", (string?)(await api.GetAsync("/apis/node.k8s.io")).Expect(200).Body["preferredVersion"]!["groupVersion"]);
        var verbs = (await api.GetAsync("/apis/node.k8s.io/v1")).Expect(200).Body["resources"]![0]!["verbs"]!.AsArray().Select(verb => (string?)verb);
        Assert.Equal(["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"], verbs);
    }
}
