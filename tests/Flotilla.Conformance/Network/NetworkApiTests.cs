using System.Text.Json.Nodes;
using Flotilla.Conformance.Live;
using Flotilla.Conformance.Storage;

namespace Flotilla.Conformance.Network;

/// <summary>The resources of networking through the API alone.</summary>
public sealed class NetworkApiTests(LiveCluster cluster)
{
    private const string Networking = "/apis/networking.k8s.io/v1";

    [Theory]
    [InlineData("discovery.k8s.io", "endpointslices")]
    [InlineData("networking.k8s.io", "ingresses")]
    [InlineData("networking.k8s.io", "ingressclasses")]
    [InlineData("networking.k8s.io", "ipaddresses")]
    [InlineData("networking.k8s.io", "servicecidrs")]
    [InlineData("networking.k8s.io", "networkpolicies")]
    public async Task Discovery_names_them_with_all_verbs(string group, string resource)
    {
        using var http = cluster.Http();
        Assert.Contains(await ItemsAsync(http, "/apis", "groups"), item => (string?)item!["name"] == group);
        Assert.Contains(await ItemsAsync(http, $"/apis/{group}", "versions"), item => (string?)item!["version"] == "v1");
        var found = (await ItemsAsync(http, $"/apis/{group}/v1", "resources")).Single(item => (string?)item!["name"] == resource);
        Assert.Equal(
            ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"],
            found!["verbs"]!.AsArray().Select(verb => (string)verb!).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData(
        "/apis/discovery.k8s.io/v1/namespaces/SPACE/endpointslices",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"addressType":"IPv4","endpoints":[{"addresses":["1.2.3.4"]}],"ports":[]}""")]
    [InlineData(
        $"{Networking}/namespaces/SPACE/ingresses",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"defaultBackend":{"service":{"name":"none","port":{"number":80}}}}}""")]
    [InlineData(
        $"{Networking}/namespaces/SPACE/networkpolicies",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"podSelector":{"matchLabels":{"no":"pod"}}}}""")]
    [InlineData(
        $"{Networking}/ingressclasses", """{"metadata":{"name":"SPACE-NAME","labels":{"test":"SPACE-NAME"}},"spec":{"controller":"example.com/none"}}""")]
    [InlineData(
        "/api/v1/namespaces/SPACE/endpoints",
        """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"subsets":[{"addresses":[{"ip":"10.0.0.24"}],"ports":[{"name":"http","port":80}]}]}""")]
    [InlineData("/api/v1/namespaces/SPACE/services", """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"ports":[{"port":80}]}}""")]
    public async Task They_are_created_found_changed_and_deleted_alone_and_together(string collection, string body)
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var name = body.Contains("SPACE", StringComparison.Ordinal) ? $"{space.Name}-one" : "one";
        await new Lifecycle(http, collection.Replace("SPACE", space.Name, StringComparison.Ordinal))
            .RunAsync(body.Replace("SPACE-", "", StringComparison.Ordinal), name);
    }

    [Fact]
    public async Task Endpoints_are_found_in_all_namespaces_and_take_another_address_by_a_patch()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var endpoints = new Lifecycle(http, $"/api/v1/namespaces/{space.Name}/endpoints");
        await endpoints.CreateAsync($$$"""{"metadata":{"name":"one","labels":{"test":"{{{space.Name}}}"}},"subsets":[{"addresses":[{"ip":"10.0.0.24"}],"ports":[{"name":"http","port":80}]}]}""");
        Assert.Equal(1, await new Lifecycle(http, "/api/v1/endpoints").CountAsync($"test={space.Name}"));
        var patched = await endpoints.PatchAsync("one", """{"subsets":[{"addresses":[{"ip":"10.0.0.25"}],"ports":[{"name":"http-test","port":8080}]}]}""");
        Assert.Equal("10.0.0.25:8080", $"{patched["subsets"]![0]!["addresses"]![0]!["ip"]}:{patched["subsets"]![0]!["ports"]![0]!["port"]}");
        await endpoints.DeleteAllAsync($"test={space.Name}");
        Assert.Equal(0, await endpoints.CountAsync(""));
    }

    [Fact]
    public async Task An_ingress_has_a_status_of_its_own()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var ingresses = new Lifecycle(http, $"{Networking}/namespaces/{space.Name}/ingresses");
        await ingresses.CreateAsync("""{"metadata":{"name":"one"},"spec":{"ingressClassName":"nobody-has-this","defaultBackend":{"service":{"name":"none","port":{"number":80}}}}}""");
        await ingresses.PatchAsync("one", """{"metadata":{"annotations":{"patched":"yes"}},"status":{"loadBalancer":{"ingress":[{"ip":"169.1.1.1"}]}}}""", "/status");
        var item = await ingresses.GetAsync("one", "/status");
        Assert.Equal("169.1.1.1", (string?)item["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        item["status"] = JsonNode.Parse("""{"loadBalancer":{"ingress":[{"ip":"169.1.1.2"}]}}""");
        Assert.Equal("169.1.1.2", (string?)(await ingresses.ReplaceAsync(item, "/status"))["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        Assert.Equal("yes", (string?)(await ingresses.GetAsync("one"))["metadata"]!["annotations"]!["patched"]);
    }

    [Fact]
    public async Task Addresses_of_services_are_objects()
    {
        using var http = cluster.Http();
        var addresses = new Lifecycle(http, $"{Networking}/ipaddresses");
        const string body = """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"parentRef":{"resource":"services","name":"none","namespace":"default"}}}""";
        await addresses.CreateAsync(body.Replace("NAME", "192.168.6.2", StringComparison.Ordinal));
        Assert.Equal("192.168.6.2", (string?)(await addresses.GetAsync("192.168.6.2"))["metadata"]!["name"]);
        await addresses.PatchAsync("192.168.6.2", """{"metadata":{"annotations":{"patched":"yes"}}}""");
        var item = await addresses.GetAsync("192.168.6.2");
        item["metadata"]!["annotations"]!["updated"] = "yes";
        Assert.Equal("yes", (string?)(await addresses.ReplaceAsync(item))["metadata"]!["annotations"]!["updated"]);
        await addresses.DeleteAsync("192.168.6.2");
        await addresses.CreateAsync(body.Replace("NAME", "192.168.6.3", StringComparison.Ordinal));
        await addresses.DeleteAllAsync("test=192.168.6.3");
        Assert.Equal(0, await addresses.CountAsync("test in (192.168.6.2,192.168.6.3)"));
    }

    [Fact]
    public async Task A_range_of_addresses_becomes_ready_and_has_a_status_of_its_own()
    {
        using var http = cluster.Http();
        var ranges = new Lifecycle(http, $"{Networking}/servicecidrs");
        const string body = """{"metadata":{"name":"NAME","labels":{"test":"NAME"}},"spec":{"cidrs":["RANGE"]}}""";
        await ranges.CreateAsync(body.Replace("NAME", "range-1", StringComparison.Ordinal).Replace("RANGE", "10.220.0.0/24", StringComparison.Ordinal));
        await EndToEnd.Tools.Eventually.GetAsync(
            () => ranges.GetAsync("range-1"),
            range => range["status"]?["conditions"]?.AsArray().Any(one => (string?)one!["type"] == "Ready" && (string?)one["status"] == "True") == true);
        await ranges.PatchAsync("range-1", """{"metadata":{"annotations":{"patched":"yes"}}}""");
        var patched = await ranges.PatchAsync("range-1", """{"status":{"conditions":[{"type":"Ready","status":"True","reason":"Test","message":"patched","lastTransitionTime":"2026-01-01T00:00:00Z"},{"type":"Other","status":"True","reason":"Test","message":"patched","lastTransitionTime":"2026-01-01T00:00:00Z"}]}}""", "/status");
        Assert.Contains(patched["status"]!["conditions"]!.AsArray(), one => (string?)one!["type"] == "Other");
        await ranges.DeleteAsync("range-1");
        await EndToEnd.Tools.Eventually.GetAsync(() => ranges.CountAsync("test=range-1"), count => count == 0);
        await ranges.CreateAsync(body.Replace("NAME", "range-2", StringComparison.Ordinal).Replace("RANGE", "10.221.0.0/24", StringComparison.Ordinal));
        await ranges.DeleteAllAsync("test=range-2");
        await EndToEnd.Tools.Eventually.GetAsync(() => ranges.CountAsync("test=range-2"), count => count == 0);
    }

    [Fact]
    public async Task A_services_status_is_read_patched_and_replaced_apart()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var services = new Lifecycle(http, $"/api/v1/namespaces/{space.Name}/services");
        await services.CreateAsync("""{"metadata":{"name":"one","labels":{"test":"one"}},"spec":{"type":"LoadBalancer","loadBalancerClass":"example.com/none","ports":[{"port":80}]}}""");
        Assert.Empty((await services.GetAsync("one", "/status"))["status"]!["loadBalancer"]!.AsObject());
        var patched = await services.PatchAsync("one", """{"metadata":{"annotations":{"patched":"yes"}},"status":{"loadBalancer":{"ingress":[{"ip":"203.0.113.1"}]}}}""", "/status");
        Assert.Equal("203.0.113.1", (string?)patched["status"]!["loadBalancer"]!["ingress"]![0]!["ip"]);
        patched["status"]!["conditions"] = JsonNode.Parse("""[{"type":"StatusUpdate","status":"True","reason":"E2E","message":"Set","lastTransitionTime":"2026-01-01T00:00:00Z"}]""");
        var replaced = await services.ReplaceAsync(patched, "/status");
        Assert.Equal("StatusUpdate", (string?)replaced["status"]!["conditions"]![0]!["type"]);
        Assert.Equal("yes", (string?)(await services.PatchAsync("one", """{"metadata":{"labels":{"other":"yes"}}}"""))["metadata"]!["labels"]!["other"]);
        await services.DeleteAsync("one");
    }

    [Fact]
    public async Task Services_are_deleted_together_by_label()
    {
        await using var space = await Space.CreateAsync(cluster);
        using var http = cluster.Http();
        var services = new Lifecycle(http, $"/api/v1/namespaces/{space.Name}/services");
        foreach (var (name, label) in new[] { ("a", "yes"), ("b", "yes"), ("c", "no") })
        {
            await services.CreateAsync($$$"""{"metadata":{"name":"{{{name}}}","labels":{"go":"{{{label}}}"}},"spec":{"ports":[{"port":80}]}}""");
        }

        Assert.Equal(3, await services.CountAsync(""));
        await services.DeleteAllAsync("go=yes");
        Assert.Equal(1, await services.CountAsync(""));
    }

    private static async Task<List<JsonNode?>> ItemsAsync(HttpClient http, string path, string field) =>
        [.. JsonNode.Parse(await http.GetStringAsync(new Uri(path, UriKind.Relative)))![field]!.AsArray()];
}
