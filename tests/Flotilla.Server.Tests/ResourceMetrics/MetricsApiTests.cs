using System.Text.Json.Nodes;
using Flotilla.Server.Tests.Harness;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Tests.ResourceMetrics;

public sealed class MetricsApiTests(ApiHost host)
{
    private const string Api = "/apis/metrics.k8s.io/v1beta1";

    [Fact]
    public async Task Nodes_and_pods_show_what_their_node_says_they_use()
    {
        var space = await host.SpaceAsync();
        string uid = "";
        await using var node = await NodeAsync("measured", () => Usage(uid));
        uid = (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", Pod("web", "measured"))).Expect(201).Body["metadata"]!["uid"]!.GetValue<string>();
        (await host.Admin.PostAsync($"/api/v1/namespaces/{space}/pods", Pod("silent", "measured"))).Expect(201);

        var item = (await host.Admin.GetAsync($"{Api}/nodes/measured")).Expect(200).Body;
        Assert.Equal(("NodeMetrics", "27000000n", "107584Ki", "15.021s"), (Text(item, "kind"), Text(item["usage"], "cpu"), Text(item["usage"], "memory"), Text(item, "window")));

        var list = (await host.Admin.GetAsync($"{Api}/namespaces/{space}/pods?labelSelector=app%3Dweb")).Expect(200).Body;
        var pod = Assert.Single(list["items"]!.AsArray())!;
        Assert.Equal("PodMetricsList", Text(list, "kind"));
        Assert.Equal(("web", "10s", "2026-11-24T10:00:00Z"), (Text(pod["metadata"], "name"), Text(pod, "window"), Text(pod, "timestamp")));
        Assert.Equal(["c 5000000n 1024Ki"], pod["containers"]!.AsArray().Select(container => $"{Text(container, "name")} {Text(container!["usage"], "cpu")} {Text(container["usage"], "memory")}"));
    }

    [Fact]
    public async Task What_is_not_measured_is_not_found()
    {
        var space = await host.SpaceAsync();
        var reply = (await host.Admin.GetAsync($"{Api}/namespaces/{space}/pods/none")).Expect(404);
        Assert.Equal($"podmetrics.metrics.k8s.io \"{space}/none\" not found", reply.Message);
        Assert.Equal("nodemetrics.metrics.k8s.io \"none\" not found", (await host.Admin.GetAsync($"{Api}/nodes/none")).Expect(404).Message);
        (await host.Admin.PostAsync($"{Api}/nodes", "{}")).Expect(405);
        (await host.ClientOf("nobody").GetAsync($"{Api}/nodes")).Expect(403);
    }

    [Fact]
    public async Task The_group_is_served_here_and_found()
    {
        var resources = (await host.Admin.GetAsync(Api)).Expect(200).Body["resources"]!.AsArray();
        Assert.Equal(["nodes NodeMetrics", "pods PodMetrics"], resources.Select(resource => $"{Text(resource, "name")} {Text(resource, "kind")}"));
        await host.Admin.EventuallyAsync(
            "/apis/apiregistration.k8s.io/v1/apiservices/v1beta1.metrics.k8s.io",
            reply => reply.Code == 200 && reply.Body["status"]?["conditions"]?[0]?["reason"]?.GetValue<string>() == "Local");
    }

    [Fact]
    public async Task A_nodes_own_server_is_reached_through_its_proxy()
    {
        await using var node = await NodeAsync("proxied", () => []);
        var path = "/api/v1/nodes/proxied/proxy/healthz/ping?x=1";
        Assert.Equal("/healthz/ping?x=1 O=system:masters, CN=kube-apiserver-kubelet-client", (await host.Admin.GetAsync(path)).Expect(200).Text);
        Assert.StartsWith("/healthz", (await host.Admin.GetAsync($"/api/v1/nodes/proxied:{node.Port}/proxy/healthz")).Expect(200).Text, StringComparison.Ordinal);
        (await host.ClientOf("nobody").GetAsync(path)).Expect(403);
        Assert.Equal("nodes \"proxied\" is forbidden: what lies below /flotilla.dev/ is not behind the node's proxy", (await host.Admin.GetAsync("/api/v1/nodes/proxied/proxy/flotilla.dev/docker")).Expect(403).Message);
        (await host.Admin.GetAsync($"/api/v1/nodes/https:proxied:{node.Port}/proxy//Flotilla.dev/docker")).Expect(403);
        (await host.Admin.GetAsync("/api/v1/nodes/absent/proxy/healthz")).Expect(404);
    }

    private async Task<BackendServer> NodeAsync(string name, Func<JsonObject> usage)
    {
        var server = await BackendServer.StartAsync(host.Identity.NodeServerCertificate(name, ["measured", "proxied", "127.0.0.1"]), async context =>
        {
            var isUsage = context.Request.Path == "/stats/usage";
            await context.Response.WriteAsync(isUsage ? usage().ToJsonString() : $"{context.Request.Path}{context.Request.QueryString} {context.Connection.ClientCertificate?.Subject}");
        });
        var status = new JsonObject
        {
            ["addresses"] = new JsonArray(new JsonObject { ["type"] = "InternalIP", ["address"] = "127.0.0.1" }),
            ["daemonEndpoints"] = new JsonObject { ["kubeletEndpoint"] = new JsonObject { ["Port"] = server.Port } },
        };
        (await host.Admin.PostAsync("/api/v1/nodes", new JsonObject { ["metadata"] = new JsonObject { ["name"] = name }, ["status"] = status }.ToJsonString())).Expect(201);
        return server;
    }

    private static JsonObject Usage(string uid) => new()
    {
        ["node"] = Amount(15_021_000_000, 27_000_000, 110_166_016),
        ["pods"] = new JsonArray(new JsonObject
        {
            ["uid"] = uid,
            ["containers"] = new JsonArray(new JsonObject { ["name"] = "c", ["usage"] = Amount(10_000_000_000, 5_000_000, 1 << 20) }),
        }),
    };

    private static JsonObject Amount(long window, long cpu, long memory) => new()
    {
        ["time"] = "2026-11-24T10:00:00.5+00:00", ["windowNanoseconds"] = window, ["cpuNanocores"] = cpu, ["memoryBytes"] = memory,
    };

    private static string Pod(string name, string node) =>
        $$$"""{"metadata":{"name":"{{{name}}}","labels":{"app":"{{{name}}}"}},"spec":{"nodeName":"{{{node}}}","containers":[{"name":"c","image":"i"}]}}""";

    private static string? Text(JsonNode? item, string field) => item?[field]?.GetValue<string>();
}
