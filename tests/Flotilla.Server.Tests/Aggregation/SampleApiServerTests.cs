using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Aggregation;

/// <summary>Somebody else's API server, through all that conformance asks of the aggregator.</summary>
public sealed class SampleApiServerTests(ApiHost host)
{
    [Fact]
    public async Task Serves_its_resources_and_its_registration_can_be_read_changed_found_and_deleted()
    {
        await using var scene = await SampleScene.StartAsync(host, "wardle.example.com");
        await ServesObjectsAsync(scene);
        await IsDiscoveredAsync(scene);
        await RegistrationChangesAsync(scene);
        (await host.Admin.DeleteAsync($"{SampleScene.ApiServices}?labelSelector=e2e-patched%3Dpatched")).Expect(200);
        await host.Admin.EventuallyAsync(scene.Path, reply => reply.Code == 404);
        await host.Admin.EventuallyAsync(scene.Root, reply => reply.Code == 404);
    }

    private async Task ServesObjectsAsync(SampleScene scene)
    {
        (await host.Admin.PostAsync(scene.Flunders(), scene.Flunder("rest-flunder"))).Expect(201);
        var list = (await host.Admin.GetAsync(scene.Flunders())).Expect(200);
        Assert.Equal("rest-flunder", (string?)Assert.Single(list["items"]!.AsArray())!["metadata"]!["name"]);
        (await host.Admin.DeleteAsync($"{scene.Flunders()}/rest-flunder")).Expect(200);
        (await host.Admin.GetAsync($"{scene.Flunders()}/rest-flunder")).Expect(404);
        (await host.Admin.PostAsync($"{scene.Root}/fischers", """{"metadata":{"name":"fischer"}}""")).Expect(201);
        Assert.Single((await host.Admin.GetAsync($"{scene.Root}/fischers")).Expect(200)["items"]!.AsArray());
        (await host.ClientOf("somebody").GetAsync(scene.Flunders())).Expect(403);
    }

    private async Task IsDiscoveredAsync(SampleScene scene)
    {
        var plain = (await host.Admin.GetAsync("/apis")).Expect(200);
        var group = plain["groups"]!.AsArray().Single(item => (string?)item!["name"] == scene.Group)!;
        Assert.Equal($"{scene.Group}/v1alpha1", (string?)group["preferredVersion"]!["groupVersion"]);
        Assert.Equal("v1alpha1", (string?)(await host.Admin.GetAsync($"/apis/{scene.Group}")).Expect(200)["versions.0.version"]);
        var resources = (await host.Admin.GetAsync(scene.Root)).Expect(200)["resources"]!.AsArray();
        Assert.Equal(["fischers", "flunders"], resources.Select(item => (string)item!["name"]!));
        var aggregated = await host.Admin.GetAsync("/apis", "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList");
        var version = aggregated.Body["items"]!.AsArray().Single(item => (string?)item!["metadata"]?["name"] == scene.Group)!["versions"]![0]!;
        Assert.Equal("Current", (string?)version["freshness"]);
        Assert.Equal(["Cluster", "Namespaced"], version["resources"]!.AsArray().Select(item => (string)item!["scope"]!));
    }

    private async Task RegistrationChangesAsync(SampleScene scene)
    {
        Assert.Equal("Passed", SampleScene.Condition((await host.Admin.GetAsync($"{scene.Path}/status")).Expect(200), "reason"));
        var patched = (await host.Admin.PatchAsync(scene.Path, """{"spec":{"versionPriority":400}}""")).Expect(200);
        Assert.Equal(400, (int)patched["spec.versionPriority"]!);
        var all = (await host.Admin.GetAsync(SampleScene.ApiServices)).Expect(200)["items"]!.AsArray();
        Assert.Contains(all, item => (string?)item!["metadata"]!["name"] == scene.Name && (int)item["spec"]!["versionPriority"]! == 400);
        (await host.Admin.PatchAsync(scene.Path, $$$"""{"metadata":{"labels":{"{{{scene.Name}}}":"updated"} } }""")).Expect(200);
        await StatusChangesAsync(scene);
        var replaced = (await host.Admin.GetAsync(scene.Path)).Body;
        replaced["metadata"]!["labels"]!["e2e-patched"] = "patched";
        replaced["metadata"]!.AsObject().Remove("resourceVersion");
        Assert.EndsWith("metadata.resourceVersion: Invalid value: 0x0: must be specified for an update", (await host.Admin.PutAsync(scene.Path, replaced)).Expect(422).Message);
        replaced["metadata"]!["resourceVersion"] = (string?)(await host.Admin.GetAsync(scene.Path))["metadata.resourceVersion"];
        (await host.Admin.PutAsync(scene.Path, replaced)).Expect(200);
        var found = (await host.Admin.GetAsync($"{SampleScene.ApiServices}?labelSelector=e2e-patched%3Dpatched")).Expect(200);
        Assert.Equal(scene.Name, (string?)Assert.Single(found["items"]!.AsArray())!["metadata"]!["name"]);
    }

    private async Task StatusChangesAsync(SampleScene scene)
    {
        static JsonObject Condition(string type) => new() { ["type"] = type, ["status"] = "True", ["reason"] = "E2E", ["message"] = "Set from e2e test", ["lastTransitionTime"] = null };
        var read = (await host.Admin.GetAsync($"{scene.Path}/status")).Body;
        read["status"]!["conditions"]!.AsArray().Add(Condition("StatusUpdated"));
        (await host.Admin.PutAsync($"{scene.Path}/status", read)).Expect(200);
        var conditions = new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(Condition("StatusPatched")) } };
        (await host.Admin.PatchAsync($"{scene.Path}/status", conditions.ToJsonString(), ApiCaller.StrategicPatch)).Expect(200);
        var types = (await host.Admin.GetAsync($"{scene.Path}/status"))["status.conditions"]!.AsArray().Select(condition => (string)condition!["type"]!).ToList();
        Assert.Superset(new HashSet<string> { "StatusUpdated", "StatusPatched" }, types.ToHashSet());
    }
}
