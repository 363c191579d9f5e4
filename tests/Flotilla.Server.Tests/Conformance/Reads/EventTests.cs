using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Reads;

/// <summary>Events and the Events API: two forms of the same objects.</summary>
public sealed class EventTests(ApiHost host)
{
    private const string When = "2026-03-04T12:00:00.123456Z";

    [Fact]
    public async Task Manages_the_lifecycle_of_an_event()
    {
        var space = await host.SpaceAsync();
        var path = $"/api/v1/namespaces/{space}/events";
        (await host.Admin.PostAsync(path, Core(space, "event-test", "constant"))).Expect(201);
        var all = (await host.Admin.GetAsync($"/api/v1/events?labelSelector=test-of%3D{space}")).Expect(200);
        Assert.Equal("event-test", (string?)Assert.Single((JsonArray)all["items"]!)!["metadata"]!["name"]);
        Assert.Equal("patched", (string?)(await host.Admin.PatchAsync($"{path}/event-test", """{"message":"patched"}""", ApiCaller.StrategicPatch)).Expect(200)["message"]);
        var current = (await host.Admin.GetAsync($"{path}/event-test")).Expect(200).Body;
        current["series"] = new JsonObject { ["count"] = 100, ["lastObservedTime"] = When };
        (await host.Admin.PutAsync($"{path}/event-test", current)).Expect(200);
        var updated = (await host.Admin.GetAsync($"{path}/event-test")).Expect(200);
        Assert.Equal((100, When), ((int)updated["series.count"]!, (string?)updated["series.lastObservedTime"]));
        (await host.Admin.DeleteAsync($"{path}/event-test")).Expect(200);
        Assert.Empty((JsonArray)(await host.Admin.GetAsync($"/api/v1/events?labelSelector=test-of%3D{space}")).Expect(200)["items"]!);
    }

    [Fact]
    public async Task Deletes_a_collection_of_events()
    {
        var space = await host.SpaceAsync();
        var path = $"/api/v1/namespaces/{space}/events";
        foreach (var name in (string[])["e1", "e2", "e3", "other"])
        {
            (await host.Admin.PostAsync(path, Core(space, name, name == "other" ? "no" : "yes"))).Expect(201);
        }

        Assert.Equal(3, ((JsonArray)(await host.Admin.GetAsync(path + "?labelSelector=kind%3Dyes")).Expect(200)["items"]!).Count);
        (await host.Admin.DeleteAsync(path + "?labelSelector=kind%3Dyes")).Expect(200);
        Assert.Empty((JsonArray)(await host.Admin.GetAsync(path + "?labelSelector=kind%3Dyes")).Expect(200)["items"]!);
        Assert.Single((JsonArray)(await host.Admin.GetAsync(path)).Expect(200)["items"]!);
    }

    [Fact]
    public async Task Fetches_patches_updates_deletes_and_lists_an_event_of_the_Events_API()
    {
        var space = await host.SpaceAsync();
        var path = $"/apis/events.k8s.io/v1/namespaces/{space}/events";
        var made = (await host.Admin.PostAsync(path, New(space, "event-test", "constant"))).Expect(201);
        Assert.Equal("This is event-test", (string?)made["note"]);
        var listed = (await host.Admin.GetAsync($"/apis/events.k8s.io/v1/events?labelSelector=test-of%3D{space}")).Expect(200);
        Assert.Equal("events.k8s.io/v1", (string?)listed["apiVersion"]);
        Assert.Equal("event-test", (string?)Assert.Single((JsonArray)listed["items"]!)!["metadata"]!["name"]);
        Assert.Single((JsonArray)(await host.Admin.GetAsync($"{path}?fieldSelector=reportingController%3Dtest-controller,regarding.namespace%3D{space}")).Expect(200)["items"]!);
        (await host.Admin.PatchAsync($"{path}/event-test", """{"series":{"count":2,"lastObservedTime":"2026-03-04T12:00:00.123456Z"}}""", ApiCaller.StrategicPatch)).Expect(200);
        Assert.Equal(2, (int)(await host.Admin.GetAsync($"{path}/event-test")).Expect(200)["series.count"]!);
        var current = (await host.Admin.GetAsync($"{path}/event-test")).Expect(200).Body;
        current["series"] = new JsonObject { ["count"] = 100, ["lastObservedTime"] = When };
        (await host.Admin.PutAsync($"{path}/event-test", current)).Expect(200);
        Assert.Equal(100, (int)(await host.Admin.GetAsync($"{path}/event-test")).Expect(200)["series.count"]!);
        Assert.Equal("This is event-test", (string?)(await host.Admin.GetAsync($"/api/v1/namespaces/{space}/events/event-test")).Expect(200)["message"]);
        (await host.Admin.DeleteAsync($"{path}/event-test")).Expect(200);
        Assert.Empty((JsonArray)(await host.Admin.GetAsync(path)).Expect(200)["items"]!);
    }

    [Fact]
    public async Task Deletes_a_collection_of_events_of_the_Events_API()
    {
        var space = await host.SpaceAsync();
        var path = $"/apis/events.k8s.io/v1/namespaces/{space}/events";
        foreach (var name in (string[])["e1", "e2", "e3"])
        {
            (await host.Admin.PostAsync(path, New(space, name, "set"))).Expect(201);
        }

        Assert.Equal(3, ((JsonArray)(await host.Admin.GetAsync(path + "?labelSelector=kind%3Dset")).Expect(200)["items"]!).Count);
        (await host.Admin.DeleteAsync(path + "?labelSelector=kind%3Dset")).Expect(200);
        Assert.Empty((JsonArray)(await host.Admin.GetAsync(path)).Expect(200)["items"]!);
    }

    private static JsonObject Core(string space, string name, string label) => new()
    {
        ["metadata"] = Metadata(space, name, label),
        ["message"] = "This is " + name,
        ["reason"] = "Test",
        ["type"] = "Normal",
        ["count"] = 1,
        ["involvedObject"] = new JsonObject { ["namespace"] = space },
    };

    private static JsonObject New(string space, string name, string label) => new()
    {
        ["metadata"] = Metadata(space, name, label),
        ["regarding"] = new JsonObject { ["namespace"] = space },
        ["eventTime"] = When,
        ["note"] = "This is " + name,
        ["action"] = "Do",
        ["reason"] = "Test",
        ["type"] = "Normal",
        ["reportingController"] = "test-controller",
        ["reportingInstance"] = "test-node",
    };

    private static JsonObject Metadata(string space, string name, string label) =>
        new() { ["name"] = name, ["labels"] = new JsonObject { ["test-of"] = space, ["kind"] = label } };
}
