using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;

namespace Flotilla.Server.Tests.Http;

/// <summary>Watches in their old form, where the path says it: <c>/api/v1/watch/...</c>.</summary>
public sealed class WatchPathTests(ApiHost host)
{
    [Theory]
    [InlineData("/api/v1/watch/configmaps", false)]
    [InlineData("/api/v1/watch/namespaces/{0}/configmaps", false)]
    [InlineData("/api/v1/watch/namespaces/{0}/configmaps/a", true)]
    public async Task All_objects_one_namespace_or_one_object_can_be_watched(string path, bool single)
    {
        var space = await host.SpaceAsync();
        var version = (string)(await host.Admin.GetAsync("/api/v1/configmaps?limit=1"))["metadata.resourceVersion"]!;
        foreach (var name in (string[])["b", "a"])
        {
            (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/configmaps", $$$"""{"metadata":{"name":"{{{name}}}"}}""")).Expect(201);
        }

        var seen = new List<string>();
        await foreach (var change in host.Admin.WatchAsync($"{path.Replace("{0}", space, StringComparison.Ordinal)}?resourceVersion={version}"))
        {
            if ((string?)change["object"]!["metadata"]!["namespace"] == space && (string)change["object"]!["metadata"]!["name"]! is var name and not "kube-root-ca.crt")
            {
                Assert.Equal("ADDED", (string?)change["type"]);
                seen.Add(name);
                if (name == "a")
                {
                    break;
                }
            }
        }

        Assert.Equal(single ? ["a"] : ["b", "a"], seen);
    }

    [Fact]
    public async Task Groups_and_cluster_wide_kinds_have_them_too()
    {
        var space = await host.SpaceAsync();
        await foreach (var change in host.Admin.WatchAsync($"/api/v1/watch/namespaces/{space}"))
        {
            Assert.Equal(space, (string?)change["object"]!["metadata"]!["name"]);
            break;
        }

        (await host.Admin.PostAsync($"/apis/apps/v1/namespaces/{space}/deployments", """{"metadata":{"name":"d"},"spec":{"replicas":0,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}""")).Expect(201);
        await foreach (var change in host.Admin.WatchAsync($"/apis/apps/v1/watch/namespaces/{space}/deployments/d"))
        {
            Assert.Equal("d", (string?)change["object"]!["metadata"]!["name"]);
            break;
        }
    }

    [Fact]
    public async Task They_need_the_right_to_watch_and_know_no_other_method()
    {
        var space = await host.SpaceAsync();
        var refused = (await host.ClientOf("nobody").GetAsync($"/api/v1/watch/namespaces/{space}/pods")).Expect(403);
        Assert.Contains("cannot watch resource \"pods\" in API group \"\"", refused.Message, StringComparison.Ordinal);
        (await host.Admin.PostAsync($"/api/v1/watch/namespaces/{space}/pods", "{}")).Expect(405);
        (await host.Admin.GetAsync($"/api/v1/watch/namespaces/{space}/pods/a/status")).Expect(404);
    }

    [Fact]
    public async Task The_published_api_lists_them()
    {
        var paths = (JsonObject)(await host.Admin.GetAsync("/openapi/v2")).Expect(200)["paths"]!;
        Assert.Equal("watchlist", (string?)paths["/api/v1/watch/pods"]!["get"]!["x-kubernetes-action"]);
        Assert.Equal("watchlist", (string?)paths["/apis/apps/v1/watch/namespaces/{namespace}/deployments"]!["get"]!["x-kubernetes-action"]);
        Assert.Equal("watch", (string?)paths["/api/v1/watch/nodes/{name}"]!["get"]!["x-kubernetes-action"]);
    }
}
