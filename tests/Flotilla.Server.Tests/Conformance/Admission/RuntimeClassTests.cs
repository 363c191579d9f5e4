using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Conformance.Admission;

public sealed class RuntimeClassTests(ApiHost host)
{
    private const string Classes = "/apis/node.k8s.io/v1/runtimeclasses";

    [Fact]
    public async Task Rejects_a_pod_of_a_class_that_does_not_exist() =>
        Assert.Equal("pods \"p\" is forbidden: pod rejected: RuntimeClass \"absent\" not found", (await CreateAsync(await host.SpaceAsync(), "absent")).Expect(403).Message);

    [Fact]
    public async Task Rejects_a_pod_of_a_deleted_class()
    {
        (await host.Admin.PostAsync(Classes, """{"metadata":{"name":"rc-deleted"},"handler":"runc"}""")).Expect(201);
        (await host.Admin.DeleteAsync($"{Classes}/rc-deleted")).Expect(200);
        (await CreateAsync(await host.SpaceAsync(), "rc-deleted")).Expect(403);
    }

    [Fact]
    public async Task Gives_the_pod_its_overhead_and_scheduling()
    {
        (await host.Admin.PostAsync(
            Classes,
            """{"metadata":{"name":"rc-heavy"},"handler":"runc","overhead":{"podFixed":{"cpu":"10m","memory":"1Mi"}},"scheduling":{"nodeSelector":{"kind":"heavy"},"tolerations":[{"key":"heavy","operator":"Exists"}]}}""")).Expect(201);
        var space = await host.SpaceAsync();
        var pod = (await CreateAsync(space, "rc-heavy")).Expect(201);
        Assert.Equal("""{"cpu":"10m","memory":"1Mi"}""", pod["spec.overhead"]!.ToJsonString());
        Assert.Equal("heavy", (string?)pod["spec.nodeSelector.kind"]);
        Assert.Contains(pod["spec.tolerations"]!.AsArray(), toleration => (string?)toleration!["key"] == "heavy");
        var wrong = await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", """{"metadata":{"name":"q"},"spec":{"runtimeClassName":"rc-heavy","overhead":{"cpu":"1"},"containers":[{"name":"c","image":"i"}]}}""");
        Assert.Equal("pods \"q\" is forbidden: pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead", wrong.Expect(403).Message);
    }

    [Fact]
    public async Task Takes_a_pod_of_a_class_without_overhead()
    {
        (await host.Admin.PostAsync(Classes, """{"metadata":{"name":"rc-light"},"handler":"runc"}""")).Expect(201);
        Assert.Null((await CreateAsync(await host.SpaceAsync(), "rc-light")).Expect(201)["spec.overhead"]);
    }

    [Fact]
    public async Task Supports_every_operation()
    {
        Assert.Contains((await host.Admin.GetAsync("/apis/node.k8s.io/v1"))["resources"]!.AsArray(), resource => (string?)resource!["name"] == "runtimeclasses");
        foreach (var name in new[] { "rc-a", "rc-b", "rc-c" })
        {
            (await host.Admin.PostAsync(Classes, $$"""{"metadata":{"name":"{{name}}","labels":{"test":"rc-crud"} },"handler":"runc"}""")).Expect(201);
        }

        Assert.Equal(3, (await host.Admin.GetAsync($"{Classes}?labelSelector=test=rc-crud"))["items"]!.AsArray().Count);
        Assert.Equal("1", (string?)(await host.Admin.PatchAsync($"{Classes}/rc-a", """{"metadata":{"annotations":{"patched":"1"}}}""")).Expect(200)["metadata.annotations.patched"]);
        var read = (await host.Admin.GetAsync($"{Classes}/rc-b")).Body;
        read["metadata"]!["annotations"] = new System.Text.Json.Nodes.JsonObject { ["updated"] = "1" };
        (await host.Admin.PutAsync($"{Classes}/rc-b", read)).Expect(200);
        (await host.Admin.DeleteAsync($"{Classes}/rc-a")).Expect(200);
        (await host.Admin.DeleteAsync($"{Classes}?labelSelector=test=rc-crud")).Expect(200);
        Assert.Empty((await host.Admin.GetAsync($"{Classes}?labelSelector=test=rc-crud"))["items"]!.AsArray());
    }

    private Task<Reply> CreateAsync(string space, string name) =>
        host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", $$"""{"metadata":{"name":"p"},"spec":{"runtimeClassName":"{{name}}","containers":[{"name":"c","image":"i"}]} }""");
}
