using Flotilla.Client;
using Flotilla.Local;
using Flotilla.Network;
using Flotilla.Node;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Registry;
using Flotilla.Node.Status;
using Flotilla.Node.Volumes;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>This machine as a node: its network, its container runtime and its pods.</summary>
internal sealed class LocalNode(
    ClusterSettings settings, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly NodeOptions options = NodeComposition.NodeOptionsFor(settings);
    private readonly List<IHostedService> services = [];
    private NodeAgent? agent;

    /// <summary>Needs no API, so that it can run while that starts.</summary>
    public async Task StartRuntimeAsync(CancellationToken cancellationToken)
    {
        using var runtime = new CriClient(options.RuntimeSocket);
        using var supervisor = new ContainerdSupervisor(options, runtime, time, loggers.CreateLogger<ContainerdSupervisor>());
        await supervisor.EnsureRunningAsync(cancellationToken);
    }

    /// <summary>Bridge, service rules and DNS; before any pod.</summary>
    public Task StartNetworkAsync(CancellationToken cancellationToken) =>
        StartAsync(new NodeNetwork(NodeComposition.NetworkOptionsFor(settings), informers, time, loggers), cancellationToken);

    /// <summary>Returns when the node has been reported Ready.</summary>
    public async Task StartPodsAsync(CancellationToken cancellationToken)
    {
        var volumes = new PodVolumesManager(options, client, informers, time, loggers);
        agent = new NodeAgent(options, client, informers, time, loggers, volumes);
        var events = new EventRecorder(client, "kubelet", time, loggers.CreateLogger<EventRecorder>(), options.NodeName);
        var status = new NodeStatusService(options, client, agent.Runtime, events, time, loggers.CreateLogger<NodeStatusService>());
        await StartAsync(events, cancellationToken);
        await StartAsync(status, cancellationToken);
        await StartAsync(new RegistryMirror(options, agent.Images, loggers.CreateLogger<RegistryMirror>()), cancellationToken);
        await StartAsync(volumes, cancellationToken);
        await agent.StartAsync(cancellationToken);
        await status.WaitUntilReadyAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        if (agent is not null)
        {
            await agent.StopAsync(CancellationToken.None);
            await agent.DisposeAsync();
        }

        foreach (var service in services.AsEnumerable().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
            (service as IDisposable)?.Dispose();
        }
    }

    private Task StartAsync(IHostedService service, CancellationToken cancellationToken)
    {
        services.Add(service);
        return service.StartAsync(cancellationToken);
    }
}
