using System.Net;
using Flotilla.Client;
using Flotilla.Client.Services;
using Flotilla.Linux.Commands;
using Flotilla.Network.Cni;
using Flotilla.Network.Dns;
using Flotilla.Network.HealthChecks;
using Flotilla.Network.LoadBalancers;
using Flotilla.Network.Overlay;
using Flotilla.Network.Policies;
using Flotilla.Network.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Network;

/// <summary>
/// Everything one node needs for its pods to reach each other, services and names: the bridge and its CNI
/// configuration, ways to other nodes, service rules, load balancers, network policies and cluster DNS. Stopping it leaves running pods connected;
/// <see cref="NetworkCleanup"/> takes everything away.
/// </summary>
public sealed class NodeNetwork(NetworkOptions options, InformerSet informers, TimeProvider time, ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    private const int DnsPort = 53;
    private readonly HostCommands commands = new();
    private readonly ServiceSet parts = new(time, loggers.CreateLogger<ServiceSet>());
    private PolicyEnforcer? policies;

    /// <summary>Makes bridge and CNI configuration; after it pods can be started. Throws <see cref="CommandException"/> with a clear reason.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var bridge = new PodBridge(options, commands, loggers.CreateLogger<PodBridge>());
        await bridge.EnsureAsync(cancellationToken);
        await CniConfiguration.WriteAsync(options, cancellationToken);
        var services = new ServiceProxy(options, informers, commands, bridge.SeesBridgedPackets, time, loggers);
        parts.Add(services);
        parts.Add(new HealthCheckPorts(options, informers, () => services.IsHealthy, null, time, loggers.CreateLogger<HealthCheckPorts>()));
        var neighbours = new Neighbours(options.NodeAddress, options.BridgeName, options.OverlayName, options.BalancerName);
        parts.Add(new AddressHolder(options, informers, commands, neighbours, time, loggers.CreateLogger<AddressHolder>()));
        parts.Add(policies = new PolicyEnforcer(options, informers, commands, bridge.SeesBridgedPackets, time, loggers));
        if (options.NodeAddress is not null)
        {
            parts.Add(new NodeRoutes(options, informers, commands, time, loggers.CreateLogger<NodeRoutes>()));
        }

        parts.Add(Dns());
        parts.Add(new ForwardingGrant(options, commands, time, loggers.CreateLogger<ForwardingGrant>()));
        await parts.StartAsync(cancellationToken);
    }

    /// <summary>Returns when a pod of this node may send and receive at these addresses: what guards it is in force.</summary>
    public Task ReadyAsync(V1Pod pod, IReadOnlyList<string> addresses, CancellationToken cancellationToken) =>
        policies?.ReadyAsync(pod, addresses, cancellationToken) ?? Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => parts.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => parts.DisposeAsync();

    private DnsServer Dns()
    {
        var zone = new ClusterZone(options.ClusterDomain, new InformerDirectory(informers));
        HashSet<IPAddress> ourselves = [options.ClusterDnsAddress, .. options.Families.Select(network => network.Gateway)];
        var upstreams = new Upstreams(
            informers,
            async token => [.. (await ResolvConf.ReadAsync(options.ResolvConfPath, ourselves, token)).Select(server => new IPEndPoint(server, DnsPort))],
            loggers.CreateLogger<Upstreams>());
        return new DnsServer(
            new IPEndPoint(options.ClusterDnsAddress, DnsPort), new Resolver(zone, new Forwarder(upstreams.ForAsync, time), new AnswerCache(time)), time, loggers.CreateLogger<DnsServer>());
    }
}
