using Flotilla.Client;
using Flotilla.Controllers.Tests.Runtime;
using Flotilla.Linux.Commands;
using Flotilla.Network;
using Flotilla.Network.Cni;
using Flotilla.Network.Services;
using Flotilla.Storage;
using Microsoft.Extensions.Logging.Abstractions;
using k8s.Models;

namespace Flotilla.Bench.Services;

/// <summary>A node with two pods on its bridge, each a network namespace, and services in front of the second one.</summary>
internal sealed class TwoPods : IAsyncDisposable
{
    public const string Pod = "10.244.0.6";
    public const int PodPort = 8080;

    // Another port than the one asked directly: connections of the two ways would be the same ones to the kernel, which
    // remembers those that ended for two minutes.
    public const int ServicePort = 8081;
    public const string Service = "10.96.0.7";
    private const string Bridge = "fltbench0";

    private static readonly HostCommands Host = new();
    private readonly string prefix = $"fltbench-{Environment.ProcessId}-";
    private readonly NetworkOptions options = new() { NodeName = "node", TableName = "fltbench", BridgeName = Bridge };
    private readonly InformerSet informers;
    private readonly StoreClient client = new(new MemoryStore(), TimeProvider.System);

    public TwoPods() => informers = new InformerSet(client, TimeProvider.System, NullLoggerFactory.Instance);

    public string Asking => $"{prefix}a";

    public string Answering => $"{prefix}b";

    private string Node => $"{prefix}node";

    private HostCommands Commands => new("nsenter", $"--net=/run/netns/{Node}");

    /// <param name="services">How many there are; one of them is asked.</param>
    public async Task StartAsync(int services, CancellationToken cancellationToken)
    {
        await Host.DoAsync("ip", ["netns", "add", Node], cancellationToken);
        await Commands.DoAsync("ip", ["link", "set", "lo", "up"], cancellationToken);
        var bridge = new PodBridge(options, Commands, NullLogger.Instance);
        await bridge.EnsureAsync(cancellationToken);
        await PodAsync(Asking, "10.244.0.5", cancellationToken);
        await PodAsync(Answering, Pod, cancellationToken);
        for (var i = 0; i < services; i++)
        {
            await ServeAsync($"web-{i}", i == 0 ? Service : $"10.97.{i / 250}.{(i % 250) + 1}", cancellationToken);
        }

        var proxy = new ServiceProxy(options, informers, Commands, bridge.SeesBridgedPackets, TimeProvider.System, NullLoggerFactory.Instance);
        await informers.StartAsync(cancellationToken);
        await proxy.StartAsync(cancellationToken);
        while (!proxy.IsHealthy)
        {
            await Task.Delay(20, cancellationToken);
        }

        await proxy.StopAsync(CancellationToken.None);
        proxy.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await informers.StopAsync(CancellationToken.None);
        informers.Dispose();
        foreach (var space in new[] { Asking, Answering, Node })
        {
            await Host.RunAsync("ip", ["netns", "delete", space], CancellationToken.None);
        }
    }

    private async Task PodAsync(string name, string address, CancellationToken cancellationToken)
    {
        await Host.DoAsync("ip", ["netns", "add", name], cancellationToken);
        var link = $"veth{name[^1]}";
        await Commands.DoAsync("ip", ["link", "add", link, "type", "veth", "peer", "name", "eth0", "netns", name], cancellationToken);
        await Commands.DoAsync("ip", ["link", "set", link, "master", Bridge, "up"], cancellationToken);
        foreach (var arguments in (string[][])[["link", "set", "lo", "up"], ["addr", "add", $"{address}/24", "dev", "eth0"], ["link", "set", "eth0", "up"], ["route", "add", "default", "via", $"{options.Primary.Gateway}"]])
        {
            await Host.DoAsync("ip", ["-n", name, .. arguments], cancellationToken);
        }
    }

    private async Task ServeAsync(string name, string address, CancellationToken cancellationToken)
    {
        var metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default", Labels = new Dictionary<string, string> { ["kubernetes.io/service-name"] = name } };
        await client.CreateAsync(
            new V1Service { ApiVersion = "v1", Kind = "Service", Metadata = metadata, Spec = new V1ServiceSpec { Type = "ClusterIP", ClusterIP = address, ClusterIPs = [address], Ports = [new V1ServicePort { Port = 80, Protocol = "TCP" }] } },
            cancellationToken);
        await client.CreateAsync(
            new V1EndpointSlice
            {
                ApiVersion = "discovery.k8s.io/v1",
                Kind = "EndpointSlice",
                Metadata = metadata,
                AddressType = "IPv4",
                Ports = [new Discoveryv1EndpointPort { Port = ServicePort, Protocol = "TCP" }],
                Endpoints = [new V1Endpoint { Addresses = [Pod], Conditions = new V1EndpointConditions { Ready = true } }],
            },
            cancellationToken);
    }
}
