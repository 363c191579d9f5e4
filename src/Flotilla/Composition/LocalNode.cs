using System.Net;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Ingress;
using Flotilla.Ingress.Observing;
using Flotilla.Linux.Cri;
using Flotilla.Local;
using Flotilla.Network;
using Flotilla.Node;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Serving;
using Flotilla.Swarm;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Composition;

/// <summary>This machine as a node: its network, its container runtime and its pods.</summary>
internal sealed class LocalNode(ClusterSettings settings, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan RangeTimeout = TimeSpan.FromSeconds(60);

    private readonly NodeOptions options = NodeComposition.NodeOptionsFor(settings);
    private readonly MachineVolumes volumes = new(EngineServer.OptionsFor(settings), time);
    private NodeNetwork? network;
    private NodeAgent? agent;
    private IngressProxy? ingress;

    /// <summary>Needs no API, so that it can run while that starts.</summary>
    public async Task StartRuntimeAsync(CancellationToken cancellationToken)
    {
        using var runtime = new CriClient(options.RuntimeSocket);
        using var supervisor = new ContainerdSupervisor(options, runtime, time, loggers.CreateLogger<ContainerdSupervisor>());
        await supervisor.EnsureRunningAsync(cancellationToken);
    }

    /// <summary>The Node, and with the ranges of addresses that the cluster gives it: bridge, service rules and DNS; before any pod.</summary>
    /// <param name="known">How the cluster is laid out, where the settings do not tell.</param>
    /// <param name="shared">Where this node as itself sees less than all of it.</param>
    public async Task StartNetworkAsync(ClusterSettings known, IObjectClient client, InformerSet informers, NodeServing serving, SharedAccess? shared, CancellationToken cancellationToken)
    {
        agent = new NodeAgent(NodeComposition.NodeOptionsFor(known), client, informers, time, loggers, serving, shared, ReadyAsync, new NodeVolumes(volumes));
        await agent.Status.RegisterEarlyAsync(cancellationToken);
        var ranges = await RangesAsync(informers, cancellationToken);
        network = new NodeNetwork(NodeComposition.NetworkOptionsFor(known, ranges), shared?.Informers ?? informers, time, loggers);
        await network.StartAsync(cancellationToken);
    }

    private Task ReadyAsync(V1Pod pod, IReadOnlyList<string> addresses, CancellationToken cancellationToken) =>
        network?.ReadyAsync(pod, addresses, cancellationToken) ?? Task.CompletedTask;

    /// <summary>Images of an archive, for pods and containers. Answers their full names.</summary>
    public Task<IReadOnlyList<string>> LoadImagesAsync(Stream archive, CancellationToken cancellationToken) => agent?.Images.ImportAsync(archive, cancellationToken, takesNameless: true)
        ?? throw new DockerException(503, SwarmEndpoint.Locked);

    /// <summary>Of containers and of pods alike.</summary>
    public MachineVolumes Volumes => volumes;

    /// <summary>Where the node's own server listens, once it does.</summary>
    public int? Port => agent?.Status.ServerPort();

    /// <summary>Returns when the node has been reported Ready.</summary>
    public async Task<INodeStreams> StartPodsAsync(CancellationToken cancellationToken)
    {
        await agent!.StartAsync(cancellationToken);
        await agent.Status.WaitUntilReadyAsync(cancellationToken);
        return agent.Streams;
    }

    /// <summary>Opens ports only when there is an Ingress or a Gateway. null: the machine is to serve none.</summary>
    public async Task<IngressMetrics?> StartIngressAsync(IObjectClient client, InformerSet informers, SharedAccess? shared, CancellationToken cancellationToken)
    {
        if (NodeComposition.IngressOptionsFor(settings) is not { } wanted)
        {
            return null;
        }

        ingress = new IngressProxy(wanted, client, informers, shared?.Informers ?? informers, time, loggers);
        await ingress.StartAsync(cancellationToken);
        return ingress.Metrics;
    }

    public async ValueTask DisposeAsync()
    {
        if (ingress is not null)
        {
            await ingress.StopAsync(CancellationToken.None);
            ingress.Dispose();
        }

        if (agent is not null)
        {
            await agent.StopAsync(CancellationToken.None);
            await agent.DisposeAsync();
        }

        if (network is not null)
        {
            await network.StopAsync(CancellationToken.None);
            await network.DisposeAsync();
        }

        volumes.Dispose();
    }

    private async Task<IReadOnlyList<IPNetwork>> RangesAsync(InformerSet informers, CancellationToken cancellationToken)
    {
        var found = new TaskCompletionSource<IEnumerable<string>>(TaskCreationOptions.RunContinuationsAsynchronously);
        informers.Of<V1Node>(new ListScope(FieldSelector: $"metadata.name={settings.NodeName}")).Subscribe(change =>
        {
            if (change.New?.Spec?.PodCIDR is { Length: > 0 } range)
            {
                found.TrySetResult(change.New.Spec.PodCIDRs ?? [range]);
            }
        });
        try
        {
            return [.. (await found.Task.WaitAsync(RangeTimeout, time, cancellationToken)).Select(IPNetwork.Parse)];
        }
        catch (TimeoutException)
        {
            throw new UserError($"The cluster gave node {settings.NodeName} no range of pod addresses within {RangeTimeout.TotalSeconds:0} s: those of its --pod-cidr may be used up (kubectl get nodes -o custom-columns=N:.metadata.name,R:.spec.podCIDR shows them), or no server leads.");
        }
    }
}
