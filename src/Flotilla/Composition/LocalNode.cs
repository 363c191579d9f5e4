using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Local;
using Flotilla.Network;
using Flotilla.Node;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Serving;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>This machine as a node: its network, its container runtime and its pods.</summary>
internal sealed class LocalNode(
    ClusterSettings settings, IObjectClient client, InformerSet informers, NodeServing serving, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private readonly NodeOptions options = NodeComposition.NodeOptionsFor(settings);
    private NodeNetwork? network;
    private NodeAgent? agent;

    /// <summary>Needs no API, so that it can run while that starts.</summary>
    public async Task StartRuntimeAsync(CancellationToken cancellationToken)
    {
        using var runtime = new CriClient(options.RuntimeSocket);
        using var supervisor = new ContainerdSupervisor(options, runtime, time, loggers.CreateLogger<ContainerdSupervisor>());
        await supervisor.EnsureRunningAsync(cancellationToken);
    }

    /// <summary>Bridge, service rules and DNS; before any pod.</summary>
    public Task StartNetworkAsync(CancellationToken cancellationToken)
    {
        network = new NodeNetwork(NodeComposition.NetworkOptionsFor(settings), informers, time, loggers);
        return network.StartAsync(cancellationToken);
    }

    /// <summary>Returns when the node has been reported Ready.</summary>
    public async Task<INodeStreams> StartPodsAsync(CancellationToken cancellationToken)
    {
        agent = new NodeAgent(options, client, informers, time, loggers, serving);
        await agent.StartAsync(cancellationToken);
        await agent.Status.WaitUntilReadyAsync(cancellationToken);
        return agent.Streams;
    }

    public async ValueTask DisposeAsync()
    {
        if (agent is not null)
        {
            await agent.StopAsync(CancellationToken.None);
            await agent.DisposeAsync();
        }

        if (network is not null)
        {
            await network.StopAsync(CancellationToken.None);
            network.Dispose();
        }
    }
}
