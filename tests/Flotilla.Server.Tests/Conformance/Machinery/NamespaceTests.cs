using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Machinery;

public sealed class NamespaceTests(ApiHost host)
{
    private const string Root = "/api/v1/namespaces";

    [Theory]
    [InlineData("pods", """{"metadata":{"name":"a"},"spec":{"containers":[{"name":"c","image":"i"}]}}""")]
    [InlineData("services", """{"metadata":{"name":"a"},"spec":{"selector":{"a":"b"},"ports":[{"port":80}]}}""")]
    public async Task Takes_all_its_content_along(string plural, string body)
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"{Root}/{space}/{plural}", body)).Expect(201);
        (await host.Admin.DeleteAsync($"{Root}/{space}")).Expect(200);
        await host.Admin.EventuallyAsync($"{Root}/{space}", reply => reply.Code == 404);
        (await host.Admin.PostAsync(Root, $$$"""{"metadata":{"name":"{{{space}}}"}}""")).Expect(201);
        Assert.Empty((await host.Admin.GetAsync($"{Root}/{space}/{plural}")).Expect(200).Body["items"]!.AsArray());
    }

    [Fact]
    public async Task Can_be_patched()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PatchAsync($"{Root}/{space}", """{"metadata":{"labels":{"testLabel":"testValue"}}}""", ApiCaller.StrategicPatch)).Expect(200);
        Assert.Equal("testValue", (string?)(await host.Admin.GetAsync($"{Root}/{space}"))["metadata.labels.testLabel"]);
    }

    [Fact]
    public async Task Can_be_updated()
    {
        var space = await host.SpaceAsync();
        var read = (await host.Admin.GetAsync($"{Root}/{space}")).Body;
        read["metadata"]!["labels"]![space] = "updated";
        (await host.Admin.PutAsync($"{Root}/{space}", read)).Expect(200);
        Assert.Equal("updated", (string?)(await host.Admin.GetAsync($"{Root}/{space}"))[$"metadata.labels.{space}"]);
    }

    [Fact]
    public async Task Its_status_can_be_read_patched_and_updated()
    {
        var space = await host.SpaceAsync();
        var status = (await host.Admin.GetAsync($"{Root}/{space}/status")).Expect(200);
        Assert.Equal("Active", (string?)status["status.phase"]);
        var patched = (await host.Admin.PatchAsync(
            $"{Root}/{space}/status",
            """{"metadata":{"annotations":{"e2e-patched-ns-status":"yes"}},"status":{"conditions":[{"type":"StatusPatch","status":"True","reason":"E2E","message":"Patched by an e2e test"}]}}""")).Expect(200);
        Assert.Equal("yes", (string?)patched["metadata.annotations.e2e-patched-ns-status"]);
        Assert.Equal("StatusPatch", (string?)patched["status.conditions.0.type"]);
        var next = patched.Body;
        next["status"]!["conditions"]!.AsArray().Add(JsonNode.Parse("""{"type":"StatusUpdate","status":"True","reason":"E2E","message":"Updated by an e2e test"}"""));
        Assert.Equal("StatusUpdate", (string?)(await host.Admin.PutAsync($"{Root}/{space}/status", next)).Expect(200)["status.conditions.1.type"]);
    }

    [Fact]
    public async Task Finalizers_of_others_are_put_and_taken_away_through_their_own_path()
    {
        const string Fake = "e2e.example.com/fakeFinalizer";
        var space = await host.SpaceAsync();
        var read = (await host.Admin.GetAsync($"{Root}/{space}")).Body;
        read["spec"]!["finalizers"]!.AsArray().Add(Fake);
        (await host.Admin.PutAsync($"{Root}/{space}/finalize", read)).Expect(200);
        var held = (await host.Admin.GetAsync($"{Root}/{space}")).Body;
        Assert.Equal(["kubernetes", Fake], held["spec"]!["finalizers"]!.AsArray().Select(item => (string)item!));
        held["spec"]!["finalizers"] = new JsonArray("kubernetes");
        (await host.Admin.PutAsync($"{Root}/{space}/finalize", held)).Expect(200);
        Assert.Equal("kubernetes", (string?)Assert.Single((await host.Admin.GetAsync($"{Root}/{space}"))["spec.finalizers"]!.AsArray()));
    }

    [Fact]
    public async Task Pods_are_deleted_before_anything_else_and_the_conditions_say_what_is_left()
    {
        var space = await host.SpaceAsync();
        (await host.Admin.PostAsync($"{Root}/{space}/pods", """{"metadata":{"name":"a","finalizers":["e2e.example.com/finalizer"]},"spec":{"containers":[{"name":"c","image":"i"}]}}""")).Expect(201);
        (await host.Admin.PostAsync($"{Root}/{space}/configmaps", """{"metadata":{"name":"c"}}""")).Expect(201);
        (await host.Admin.DeleteAsync($"{Root}/{space}")).Expect(200);
        var waiting = await host.Admin.EventuallyAsync($"{Root}/{space}", reply => Condition(reply, "NamespaceContentRemaining", "status") == "True");
        Assert.Equal("Terminating", (string?)waiting["status.phase"]);
        Assert.Equal(
            ["NamespaceDeletionDiscoveryFailure", "NamespaceDeletionGroupVersionParsingFailure", "NamespaceDeletionContentFailure", "NamespaceContentRemaining", "NamespaceFinalizersRemaining"],
            waiting["status.conditions"]!.AsArray().Select(condition => (string)condition!["type"]!));
        Assert.Equal("Some resources are remaining: pods. has 1 resource instances", Condition(waiting, "NamespaceContentRemaining", "message"));
        Assert.Equal("Some content in the namespace has finalizers remaining: e2e.example.com/finalizer in 1 resource instances", Condition(waiting, "NamespaceFinalizersRemaining", "message"));
        Assert.NotNull((await host.Admin.GetAsync($"{Root}/{space}/pods/a"))["metadata.deletionTimestamp"]);
        Assert.Null((await host.Admin.GetAsync($"{Root}/{space}/configmaps/c")).Expect(200)["metadata.deletionTimestamp"]);
        (await host.Admin.PatchAsync($"{Root}/{space}/pods/a", """{"metadata":{"finalizers":null}}""")).Expect(200);
        await host.Admin.EventuallyAsync($"{Root}/{space}", reply => reply.Code == 404);
    }

    private static string? Condition(Reply reply, string type, string field) =>
        (string?)(reply["status.conditions"] as JsonArray)?.FirstOrDefault(condition => (string?)condition!["type"] == type)?[field];
}
