using System.Globalization;
using Flotilla.Conformance.Apps;
using Flotilla.Conformance.Live;
using k8s;
using k8s.Models;

namespace Flotilla.Conformance.Network;

/// <summary>The types of services, the ways from one to another, and clients that stick to one pod.</summary>
public sealed class ServiceTypeTests(LiveCluster cluster)
{
    private const string Ports = """[{"port":80,"targetPort":8080,"protocol":"TCP"}]""";

    [Fact]
    public async Task A_node_port_answers_by_name_and_address_and_on_the_node()
    {
        await using var space = await SpaceAsync();
        await space.ServiceAsync("web", "{type: NodePort, selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}");
        await ReachableAsync(space);
    }

    [Theory]
    [InlineData("ClusterIP")]
    [InlineData("NodePort")]
    public async Task An_external_name_becomes_a_service(string type)
    {
        await using var space = await SpaceAsync();
        var before = await space.ServiceAsync("web", "{type: ExternalName, externalName: foo.example.com}");
        Assert.True(string.IsNullOrEmpty(before.Spec.ClusterIP));
        await PatchAsync(space, $$$"""{"spec":{"type":"{{{type}}}","externalName":null,"selector":{"app":"server"},"ports":{{{Ports}}}}}""");
        await ReachableAsync(space);
    }

    [Theory]
    [InlineData("ClusterIP")]
    [InlineData("NodePort")]
    public async Task A_service_becomes_an_external_name_and_gives_its_address_and_port_back(string type)
    {
        await using var space = await SpaceAsync();
        var before = await space.ServiceAsync("web", $"{{type: {type}, selector: {{app: server}}, ports: [{{port: 80, targetPort: 8080}}]}}");
        await PatchAsync(space, """{"spec":{"type":"ExternalName","externalName":"kubernetes.default.svc.cluster.local","clusterIP":null,"clusterIPs":null}}""");
        var after = await space.ServiceAsync("web");
        Assert.True(string.IsNullOrEmpty(after.Spec.ClusterIP) && after.Spec.ClusterIPs is not { Count: > 0 });
        Assert.All(after.Spec.Ports ?? [], port => Assert.Null(port.NodePort));
        var target = (await cluster.Client.CoreV1.ReadNamespacedServiceAsync("kubernetes", "default")).Spec.ClusterIP;
        await space.UntilAsync(() => space.ShellAsync("client", "getent ahostsv4 web || echo none"), found => found.StartsWith(target, StringComparison.Ordinal));

        // Another may have what it held.
        var again = $"{{type: {type}, clusterIP: {before.Spec.ClusterIP}, ports: [{{port: 80{(type == "NodePort" ? $", nodePort: {before.Spec.Ports[0].NodePort}" : "")}}}]}}";
        await space.ServiceAsync("heir", again);
    }

    [Theory]
    [InlineData("ClusterIP")]
    [InlineData("NodePort")]
    public async Task With_affinity_a_client_has_one_pod_and_without_all_of_them(string type)
    {
        await using var space = await SpaceAsync();
        await space.ServeAsync("server-2", "tcp:8080");
        await space.ServeAsync("server-3", "tcp:8080");
        foreach (var name in new[] { "server", "server-2", "server-3" })
        {
            await space.Client.CoreV1.PatchNamespacedPodAsync(WorkloadSpace.Merge("""{"metadata":{"labels":{"group":"all"}}}"""), name, space.Name);
        }

        var service = await space.ServiceAsync("web", $"{{type: {type}, sessionAffinity: ClientIP, selector: {{group: all}}, ports: [{{port: 80, targetPort: 8080}}]}}");
        Assert.Equal(10800, service.Spec.SessionAffinityConfig.ClientIP.TimeoutSeconds);
        await space.UntilAsync(() => space.SliceTargetsAsync("web"), found => found.Count == 3);
        var address = type == "NodePort"
            ? await NodePortAsync(space, service)
            : $"{service.Spec.ClusterIP}:80";
        await space.FetchUntilAsync("client", address, "GET");
        Assert.Single(await AskedAsync());
        await PatchAsync(space, """{"spec":{"sessionAffinity":"None","sessionAffinityConfig":null}}""");
        await space.UntilAsync(AskedAsync, found => found.Count > 1);
        await PatchAsync(space, """{"spec":{"sessionAffinity":"ClientIP"}}""");
        await space.UntilAsync(AskedAsync, found => found.Count == 1);
        await space.FetchUntilAsync("client", "web", "GET");

        async Task<HashSet<string>> AskedAsync() =>
            [.. (await space.ShellAsync("client", $"for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do curl -sS -m 3 http://{address}; echo; done")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' ')[0])];
    }

    private static async Task ReachableAsync(Space space)
    {
        var service = await space.ServiceAsync("web");
        await space.FetchUntilAsync("client", "web", "server GET");
        await space.FetchUntilAsync("client", service.Spec.ClusterIP, "server GET");
        if (service.Spec.Type == "NodePort")
        {
            var address = await NodePortAsync(space, service);
            await space.FetchUntilAsync("client", address, "server GET");
            Assert.StartsWith("server GET", await NetSpace.NodeFetchAsync(address), StringComparison.Ordinal);
        }
    }

    private static async Task<string> NodePortAsync(Space space, V1Service service)
    {
        var node = await space.NodeAddressAsync();
        return string.Create(CultureInfo.InvariantCulture, $"{node}:{service.Spec.Ports[0].NodePort}");
    }

    private static Task<V1Service> PatchAsync(Space space, string patch) =>
        space.Client.CoreV1.PatchNamespacedServiceAsync(WorkloadSpace.Merge(patch), "web", space.Name);

    private async Task<Space> SpaceAsync()
    {
        await NetSpace.PrepareAsync(cluster);
        var space = await Space.CreateAsync(cluster);
        await Task.WhenAll(space.ClientAsync(), space.ServeAsync("server"));
        return space;
    }
}
