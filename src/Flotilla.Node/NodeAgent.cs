using System.Runtime.InteropServices;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cri;
using Flotilla.Node.Pods;
using Flotilla.Node.Registry;
using Flotilla.Node.Status;
using Flotilla.Node.Streaming.Runtime;
using Flotilla.Node.Streaming.Logs;
using Flotilla.Node.Volumes;
using Flotilla.Node.Volumes.Local;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node;

/// <summary>
/// One node: its container runtime, its pods. Stopping it stops no container; the next start takes over what runs.
/// </summary>
public sealed class NodeAgent : IAsyncDisposable
{
    private readonly NodeOptions options;
    private readonly ContainerdSupervisor supervisor;
    private readonly List<IHostedService> services = [];

    public NodeAgent(
        NodeOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        Runtime = new CriClient(options.RuntimeSocket);
        Images = new ImageStore(Runtime, options);
        supervisor = new ContainerdSupervisor(options, Runtime, time, loggers.CreateLogger<ContainerdSupervisor>());
        var events = new EventRecorder(client, "kubelet", time, loggers.CreateLogger<EventRecorder>(), options.NodeName);
        var statuses = new StatusWriter(client, time, loggers.CreateLogger<StatusWriter>());
        var hostIp = NodeAddress.Of(options).ToString();
        var hooks = new HookRunner(Runtime, time);
        var environment = new ContainerEnvironment(options, client, informers.Of<V1Service>());
        var puller = new ImagePuller(Runtime, client, events, time);
        var starter = new ContainerStarter(options, Runtime, puller, environment, hooks, events, hostIp);
        var volumes = new PodVolumesManager(options, client, informers, time, loggers);
        var shared = new PodServices(
            options, Runtime, starter, hooks, volumes, new PodCgroups(options.CgroupRoot), NodeCapacity.OfThisMachine(options), statuses, events, time,
            loggers.CreateLogger<PodAgent>(), hostIp);
        Pods = informers.Of<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={options.NodeName}"));
        Streams = new RuntimeStreams(Runtime, Pods, time);
        Status = new NodeStatusService(options, client, Runtime, events, time, loggers.CreateLogger<NodeStatusService>());
        services.AddRange(
        [
            supervisor,
            new RegistryMirror(options, Images, loggers.CreateLogger<RegistryMirror>()),
            events,
            statuses,
            volumes,
            new LocalProvisioner(options, client, informers, time, loggers),
            Status,
            new LogRotation(options, Runtime, time, loggers.CreateLogger<LogRotation>()),
            new PodAgent(shared, Pods, loggers.CreateLogger<PodAgent>()),
        ]);
    }

    public CriClient Runtime { get; }

    public ImageStore Images { get; }

    public NodeStatusService Status { get; }

    /// <summary>Logs, exec, attach and port-forward for the pods of this node.</summary>
    public INodeStreams Streams { get; }

    /// <summary>The pods of this node.</summary>
    public Informer<V1Pod> Pods { get; }

    /// <summary>Returns when the runtime answers and pods can be started.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await supervisor.EnsureRunningAsync(cancellationToken);
        if (!await Images.ExistsAsync(PauseImage.Name, cancellationToken))
        {
            await using var pause = new MemoryStream(PauseImage.Archive(RuntimeInformation.OSArchitecture));
            await Images.ImportAsync(pause, cancellationToken);
        }
        foreach (var service in services)
        {
            await service.StartAsync(cancellationToken);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        for (var i = services.Count - 1; i >= 0; i--)
        {
            await services[i].StopAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services)
        {
            if (service is IAsyncDisposable slow)
            {
                await slow.DisposeAsync();
            }
            else
            {
                (service as IDisposable)?.Dispose();
            }
        }
        Runtime.Dispose();
    }
}
