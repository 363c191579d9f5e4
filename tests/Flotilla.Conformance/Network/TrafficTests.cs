using System.Diagnostics;
using Flotilla.Conformance.Live;
using k8s;

namespace Flotilla.Conformance.Network;

/// <summary>Packets between pods, the node and services.</summary>
public sealed class TrafficTests(LiveCluster cluster)
{
    [Fact]
    public async Task Pods_and_the_node_reach_pods_by_stream_and_datagram()
    {
        await using var space = await SpaceAsync();
        var server = (await space.ServeAsync("server", "tcp:8080 udp:8081")).Status.PodIP;
        await space.FetchUntilAsync("client", $"{server}:8080", "server GET");
        await space.UntilAsync(() => space.DatagramAsync("client", server, 8081), answer => answer == "server");
        await space.UntilAsync(() => NetSpace.NodeFetchAsync($"{server}:8080"), answer => answer.StartsWith("server GET", StringComparison.Ordinal));
        await space.UntilAsync(() => NetSpace.NodeDatagramAsync(server, 8081), answer => answer == "server");
    }

    [Fact]
    public async Task A_host_port_may_be_used_again_with_another_address_or_protocol()
    {
        await using var space = await SpaceAsync();
        var node = await space.NodeAddressAsync();
        await space.ServeAsync("loopback", "tcp:8080", "[{containerPort: 8080, hostPort: 54323, hostIP: 127.0.0.1}]");
        await space.ServeAsync("outside", "tcp:8080", $"[{{containerPort: 8080, hostPort: 54323, hostIP: {node}}}]");
        await space.ServeAsync("datagrams", "udp:8080", $"[{{containerPort: 8080, hostPort: 54323, hostIP: {node}, protocol: UDP}}]");
        await space.UntilAsync(() => NetSpace.NodeFetchAsync("127.0.0.1:54323"), answer => answer.StartsWith("loopback", StringComparison.Ordinal));
        await space.UntilAsync(() => NetSpace.NodeFetchAsync($"{node}:54323"), answer => answer.StartsWith("outside", StringComparison.Ordinal));
        await space.UntilAsync(() => NetSpace.NodeDatagramAsync(node, 54323), answer => answer == "datagrams");
        await space.FetchUntilAsync("client", $"{node}:54323", "outside GET");
    }

    [Fact]
    public async Task One_port_serves_the_protocols_its_service_names()
    {
        await using var space = await SpaceAsync();
        await space.ServeAsync("server", "tcp:8080 udp:8080");
        const string tcp = "{name: tcp, port: 80, targetPort: 8080, protocol: TCP}", udp = "{name: udp, port: 80, targetPort: 8080, protocol: UDP}";
        var address = (await space.ServiceAsync("mixed", $"{{selector: {{app: server}}, ports: [{tcp}, {udp}]}}")).Spec.ClusterIP;
        await space.FetchUntilAsync("client", $"{address}:80", "server GET");
        await space.DatagramUntilAsync("client", address, 80, "server");
        await PortsAsync(tcp);
        await space.DatagramUntilAsync("client", address, 80, "failed");
        await space.FetchUntilAsync("client", $"{address}:80", "server GET");
        await PortsAsync(udp);
        await space.FetchUntilAsync("client", $"{address}:80", "failed");
        await space.DatagramUntilAsync("client", address, 80, "server");

        async Task PortsAsync(string port)
        {
            var service = await space.ServiceAsync("mixed");
            service.Spec.Ports = KubernetesYaml.Deserialize<List<k8s.Models.V1ServicePort>>($"[{port}]");
            await space.Client.CoreV1.ReplaceNamespacedServiceAsync(service, "mixed", space.Name);
        }
    }

    [Fact]
    public async Task A_hundred_services_get_their_endpoints_without_delay()
    {
        await using var space = await SpaceAsync();
        var server = (await space.ServeAsync("server")).Status.PodIP;
        List<double> seconds = [];
        await Parallel.ForEachAsync(Enumerable.Range(0, 100), new ParallelOptions { MaxDegreeOfParallelism = 5 }, async (i, _) =>
        {
            var watch = Stopwatch.StartNew();
            await space.ServiceAsync($"latency-{i}", "{selector: {app: server}, ports: [{port: 80, targetPort: 8080}]}");
            await space.UntilAsync(() => space.EndpointTargetsAsync($"latency-{i}"), found => found is [var only] && only.StartsWith(server, StringComparison.Ordinal));
            lock (seconds)
            {
                seconds.Add(watch.Elapsed.TotalSeconds);
            }
        });
        seconds.Sort();
        Assert.True(seconds[50] < 20 && seconds[90] < 50, $"p50 {seconds[50]} s, p90 {seconds[90]} s");
    }

    private async Task<Space> SpaceAsync()
    {
        await NetSpace.PrepareAsync(cluster);
        var space = await Space.CreateAsync(cluster);
        await space.ClientAsync();
        return space;
    }
}
