using System.Text.Json.Nodes;
using Flotilla.EndToEnd.Tools;

namespace Flotilla.EndToEnd.Servers;

/// <summary>Three servers and two workers on this machine that change places, are paused, switched off and taken out, one after the other.</summary>
public sealed class RolesTests : IAsyncLifetime
{
    private const string First = "roles";
    private readonly NamedCluster cluster = new(First);

    public async ValueTask InitializeAsync() => await cluster.UpAsync("--servers", "3", "--nodes", "5", "--api-port", "8445");

    public ValueTask DisposeAsync() => cluster.DisposeAsync();

    [Fact]
    public async Task Servers_and_workers_change_places_and_are_taken_out_while_the_cluster_goes_on()
    {
        await cluster.ApplyAsync(OnEachNode);
        await cluster.KubectlAsync("rollout", "status", "daemonset/everywhere", "--timeout=120s");

        var leader = await LeaderAsync();
        var before = await ContainerAsync(leader);
        Assert.Equal($"{leader} is a worker.", await cluster.FlotillaAsync("node", "demote", leader));
        Assert.Equal(before, await ContainerAsync(leader));
        Assert.Equal($"{First}-4 is a server.", await cluster.FlotillaAsync("node", "promote", $"{First}-4"));
        Assert.Equal(3, await MembersAsync());
        await cluster.KubectlAsync("create", "configmap", "written");

        await PauseAsync();

        // A pod of a server that is switched off gets no requests from then on.
        await cluster.FlotillaAsync("node", "stop", $"{First}-4");
        Assert.DoesNotContain($"{First}-4", await ReadyPlacesAsync(), StringComparer.Ordinal);
        await cluster.FlotillaAsync("node", "start", $"{First}-4");
        await Eventually.GetAsync(ReadyPlacesAsync, places => places.Contains($"{First}-4", StringComparer.Ordinal));

        foreach (var server in (await ServersAsync()).Where(name => name != First))
        {
            Assert.Equal($"Node {server} is gone.", await cluster.FlotillaAsync("node", "delete", server));
        }

        // Alone it has a quorum again, and says so from outside its network.
        Assert.Equal(1, await MembersAsync());
        Assert.Contains("written", await cluster.KubectlAsync("get", "configmap", "written", "-o", "name"), StringComparison.Ordinal);
    }

    private async Task PauseAsync()
    {
        await cluster.FlotillaAsync("pause");
        try
        {
            var still = await EtcdTicksAsync();
            await Task.Delay(1000);
            Assert.Equal(still, await EtcdTicksAsync());
        }
        finally
        {
            Assert.Equal("The cluster goes on.", await cluster.FlotillaAsync("unpause"));
        }

        await Eventually.GetAsync(MembersAsync, count => count == 3);
        await cluster.KubectlAsync("wait", "--for=condition=Ready", "node", "--all", "--timeout=120s");
    }

    // The one that leads, but for the one that commands ask.
    private async Task<string> LeaderAsync()
    {
        var holder = await cluster.KubectlAsync("-n", "kube-system", "get", "lease", "kube-controller-manager", "-o", "jsonpath={.spec.holderIdentity}");
        return holder[..holder.LastIndexOf('_')] is var name && name != First ? name : (await ServersAsync()).First(server => server != First);
    }

    private async Task<IReadOnlyList<string>> ServersAsync() =>
        (await cluster.KubectlAsync("get", "nodes", "-l", "node-role.kubernetes.io/control-plane", "-o", "jsonpath={.items[*].metadata.name}")).Split(' ', StringSplitOptions.RemoveEmptyEntries);

    // Those that answer, by 'flotilla status'.
    private async Task<int> MembersAsync() =>
        (await cluster.RunAsync(Path.Combine(Repository.Root, "flotilla"), "status")).Output.Split('\n').Count(line => line.StartsWith("etcd ", StringComparison.Ordinal) && line.Contains("in use", StringComparison.Ordinal));

    private Task<string> ContainerAsync(string node) =>
        cluster.KubectlAsync("get", "pods", "-l", "app=everywhere", "--field-selector", $"spec.nodeName={node}", "-o", "jsonpath={.items[0].status.containerStatuses[0].containerID} {.items[0].status.containerStatuses[0].restartCount}");

    private async Task<IReadOnlyList<string>> ReadyPlacesAsync() =>
        [.. ((JsonArray)JsonNode.Parse(await cluster.KubectlAsync("get", "endpointslices", "-l", "kubernetes.io/service-name=everywhere", "-o", "json"))!["items"]!)
            .SelectMany(slice => (slice!["endpoints"] as JsonArray) ?? []).Where(place => (bool?)place!["conditions"]!["ready"] == true).Select(place => (string)place!["nodeName"]!)];

    // Of all etcd of this machine's cluster, in the machine's ticks.
    private async Task<string> EtcdTicksAsync()
    {
        var ticks = new List<string>();
        foreach (var file in Directory.EnumerateFiles(cluster.DataDirectory, "etcd.pid", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
        {
            var process = (await File.ReadAllTextAsync(file)).Trim();
            if (File.Exists($"/proc/{process}/stat"))
            {
                ticks.Add(string.Join(' ', (await File.ReadAllTextAsync($"/proc/{process}/stat")).Split(' ')[13..15]));
            }
        }

        Assert.Equal(3, ticks.Count);
        return string.Join(", ", ticks);
    }

    private static readonly string OnEachNode = $$"""
        apiVersion: apps/v1
        kind: DaemonSet
        metadata: { name: everywhere }
        spec:
          selector: { matchLabels: { app: everywhere } }
          template:
            metadata: { labels: { app: everywhere } }
            spec:
              containers:
              - { name: main, image: {{Cluster.Image}}, imagePullPolicy: Never }
        ---
        apiVersion: v1
        kind: Service
        metadata: { name: everywhere }
        spec: { selector: { app: everywhere }, ports: [{ port: 80, targetPort: 8080 }] }
        """;
}
