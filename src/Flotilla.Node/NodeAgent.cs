using System.Runtime.InteropServices;
using Flotilla.Client;
using Flotilla.Client.Services;
using Flotilla.Client.Streams;
using Flotilla.Linux.Cri;
using Flotilla.Node.Admission;
using Flotilla.Node.Cdi;
using Flotilla.Node.Containerd;
using Flotilla.Node.Cpus;
using Flotilla.Node.Cri;
using Flotilla.Node.Csi;
using Flotilla.Node.Csi.Sidecar;
using Flotilla.Node.Devices;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.Eviction;
using Flotilla.Node.Manifests;
using Flotilla.Node.NumaMemory;
using Flotilla.Node.Placement;
using Flotilla.Node.Plugins;
using Flotilla.Node.PodResources;
using Flotilla.Node.Pods;
using Flotilla.Node.Serving;
using Flotilla.Node.Shutdown;
using Flotilla.Node.Statistics;
using Flotilla.Node.Status;
using Flotilla.Node.Streaming.Logs;
using Flotilla.Node.Streaming.Runtime;
using Flotilla.Node.Volumes;
using Flotilla.Node.Volumes.Kinds;
using Flotilla.Node.Volumes.Local;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Node;

/// <summary>
/// One node: its container runtime, its pods. Stopping it stops no container; the next start takes over what runs.
/// </summary>
public sealed class NodeAgent : IAsyncDisposable
{
    private readonly NodeOptions options;
    private readonly ContainerdSupervisor supervisor;
    private readonly ServiceSet services;
    private readonly DeviceManager devices;
    private readonly TopologyManager topology;
    private readonly CsiDrivers drivers;
    private readonly DraDrivers dynamicDrivers;

    /// <param name="named">The machine's named volumes; null: it has none.</param>
    /// <param name="cluster">For what concerns more than this node; null: the same as for the node itself.</param>
    public NodeAgent(
        NodeOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers, NodeServing? serving = null, SharedAccess? cluster = null,
        Func<V1Pod, IReadOnlyList<string>, CancellationToken, Task>? addressReady = null, INamedVolumes? named = null)
    {
        cluster ??= new SharedAccess(client, informers);
        this.options = options;
        Runtime = new CriClient(options.RuntimeSocket);
        Images = new ImageStore(Runtime, options);
        supervisor = new ContainerdSupervisor(options, Runtime, time, loggers.CreateLogger<ContainerdSupervisor>());
        var events = new EventRecorder(client, "kubelet", time, loggers.CreateLogger<EventRecorder>(), options.NodeName);
        var statuses = new StatusWriter(client, time, loggers.CreateLogger<StatusWriter>());
        IReadOnlyList<string> hostIps = [.. NodeAddress.All(options).Select(address => address.ToString())];
        var hooks = new HookRunner(Runtime, time);
        var environment = new ContainerEnvironment(options, client, informers.Of<V1Service>());
        var puller = new ImagePuller(Runtime, Images, client, events, time);
        var inventory = new DeviceInventory(time);
        var numa = NumaNodes.Read();
        devices = new DeviceManager(inventory, new DeviceLedger(Path.Combine(options.DataDirectory, "devices.json")), numa.Mask);
        var cpus = options.ReservedCpus is { } reserved ? new CpuAssignments(CpuTopology.Read(numa), CpuSet.Parse(reserved), Path.Combine(options.DataDirectory, "cpus.json")) : null;
        var memory = options.ReservedMemory is { } reserve ? new MemoryAssignments(numa, MemoryReserve.Parse(reserve), Path.Combine(options.DataDirectory, "memory.json")) : null;
        topology = TopologyManager.For(options, numa, [devices, .. cpus is null ? (IPlacedResource[])[] : [cpus], .. memory is null ? (IPlacedResource[])[] : [memory]]);
        var pinning = cpus is null ? null : new CpuPinning(cpus, Runtime, time, loggers.CreateLogger<CpuPinning>());
        PodAgent? agent = null;
        var healths = new DeviceHealths(time);
        dynamicDrivers = new DraDrivers(new DeviceSlices(options, client), healths, time, loggers.CreateLogger<DraDrivers>());
        var claims = new DynamicResourceManager(
            new ClaimReader(client), dynamicDrivers, healths, new ClaimLedger(Path.Combine(options.DataDirectory, "claims.json")), () => agent!.KnownUids, time, loggers.CreateLogger<DynamicResourceManager>());
        var cdi = new CdiInjection(Runtime, new CdiRegistry(options.CdiDirectories));
        var exclusive = new ExclusiveResources(topology, devices, claims, cdi, cpus, memory, () => pinning?.Wake());
        var features = new HandlerFeatures(Runtime);
        var namedVolumes = new NamedVolumes(named);
        var starter = new ContainerStarter(options, Runtime, puller, environment, hooks, exclusive, features, namedVolumes, events, hostIps);
        drivers = new CsiDrivers(options, client);
        var inUse = new VolumesInUse(options);
        var csi = new CsiVolumes(
            options, client, drivers, new CsiTokens(new ServiceAccountTokens(client, time)), new CsiExpansion(options, client, events), inUse, time);
        var volumes = new PodVolumesManager(options, client, informers, time, loggers, new ImageVolumes(options, puller), namedVolumes, csi);
        var cgroups = new PodCgroups(options.CgroupRoot);
        var capacity = NodeCapacity.OfThisMachine(options);
        var self = informers.Of<V1Node>(new ListScope(FieldSelector: $"metadata.name={options.NodeName}"));
        EvictionService? eviction = null;
        var shutdown = new GracefulShutdown(options, SystemdLogind.OfThisMachine, () => agent!.Workers, time, loggers.CreateLogger<GracefulShutdown>());
        var admission = new PodAdmission([new ShutdownCheck(() => shutdown.IsUnderWay), .. NodeChecks.For(options, capacity), new PressureCheck(() => eviction!.Pressure)], new ResourceCheck(capacity), new AllocationFiles(options), () => self.Get(new Api.ObjectKey(null, options.NodeName)));
        var files = new CgroupFiles(time);
        var (view, probes) = (new RuntimeView(), new ProbeCounts());
        var kills = new OutOfMemoryKills();
        var shared = new PodServices(
            options, Runtime, starter, hooks, volumes, cgroups, capacity, statuses, events, time,
            loggers.CreateLogger<PodAgent>(), hostIps, view, probes, admission, exclusive, claims, new CriticalPreemption(admission, () => agent!.Workers, events), new RuntimeClassHandlers(client), features, new UserNamespaces(options), files, kills)
        {
            AddressReady = addressReady ?? ((_, _, _) => Task.CompletedTask),
            DevicesOf = (pod, container) => HealthOf(pod, container, claims),
        };
        Pods = informers.Of<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={options.NodeName}"));
        Streams = new RuntimeStreams(Runtime, Pods, time);
        agent = new PodAgent(shared, namedVolumes, Pods, self, loggers.CreateLogger<PodAgent>());
        var sampler = new UsageSampler(cgroups, files, view, () => agent.Known, time);
        var disks = new DiskAccounts(options, Runtime);
        var collector = new ImageCollector(options, Runtime, time, loggers.CreateLogger<ImageCollector>());
        eviction = new EvictionService(options, agent, sampler, disks, collector, new EvictionSignals(options), events, time, loggers.CreateLogger<EvictionService>());
        var server = serving is null ? null : new NodeServer(serving, new NodeAccess(options, serving, client, time), RoutesOf(sampler, cgroups, view, probes, agent, time), loggers);
        Status = new NodeStatusService(options, client, Runtime, events, time, loggers.CreateLogger<NodeStatusService>()) { ServerPort = () => server?.Port, Pressure = () => eviction.Pressure, Shutdown = () => shutdown.NotReady, Devices = devices.Counts, InUse = inUse };
        foreach (var plugin in options.NamedResources.Select(resource => new NamedResourcePlugin(resource)))
        {
            inventory.Arrive(plugin);
            inventory.Tell(plugin, plugin.Devices);
        }
        inventory.Changed += Status.Hurry;
        inventory.Changed += () => Wake(agent.Workers.Where(worker => devices.Has(worker.Uid)));
        healths.Changed += () => Wake(agent.Workers.Where(worker => claims.Has(worker.Uid)));
        inUse.Changed = Status.Hurry;
        shutdown.Changed = Status.Hurry;
        services = new ServiceSet(time, loggers.CreateLogger<ServiceSet>());
        IHostedService[] all =
        [
            supervisor,
            events,
            statuses,
            new PluginWatcher(options.PluginRegistrationDirectory, [drivers, dynamicDrivers], time, loggers.CreateLogger<PluginWatcher>()),
            volumes,
            claims,
            new CsiSidecar(options, cluster.Client, cluster.Informers, drivers, time, loggers),
            new DevicePluginHost(options.DevicePluginDirectory, inventory, loggers.CreateLogger<DevicePluginHost>()),
            new PodResourcesHost(options.PodResourcesSocket, new PodResourcesSource(() => agent.Workers, devices, inventory, claims, cpus, memory)),
            .. pinning is null ? (IHostedService[])[] : [pinning],
            new LocalProvisioner(options, cluster.Client, cluster.Informers, time, loggers),
            .. server is null ? (IHostedService[])[] : [server],
            Status,
            new OutOfMemoryWatch(options, events, kills, time, loggers.CreateLogger<OutOfMemoryWatch>()),
            new LogRotation(options, Runtime, time, loggers.CreateLogger<LogRotation>()),
            new ManifestWatcher(options, agent, time, loggers.CreateLogger<ManifestWatcher>()),
            agent,
            new MirrorPods(agent, client, Pods, () => self.Get(new Api.ObjectKey(null, options.NodeName)), statuses, time, loggers.CreateLogger<MirrorPods>()),
            new QosService(cgroups, capacity, agent, time),
            sampler,
            collector,
            eviction,
            shutdown,
        ];
        foreach (var service in all)
        {
            services.Add(service);
        }
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
        await services.StartAsync(cancellationToken);
    }

    /// <summary>Their statuses tell how their devices are.</summary>
    private static void Wake(IEnumerable<PodWorker> workers)
    {
        foreach (var worker in workers)
        {
            worker.Wake();
        }
    }

    private List<V1ResourceStatus>? HealthOf(V1Pod pod, V1Container container, DynamicResourceManager claims)
    {
        List<V1ResourceStatus> all = [.. devices.HealthOf(pod.Metadata.Uid, container.Name) ?? [], .. claims.HealthOf(pod, container)];
        return all.Count == 0 ? null : all;
    }

    private NodeRoutes RoutesOf(UsageSampler sampler, PodCgroups cgroups, RuntimeView view, ProbeCounts probes, PodAgent agent, TimeProvider time)
    {
        var statistics = new StatisticsRoutes(
            sampler,
            new StatsSummary(options, sampler, Runtime, new DiskAccounts(options, Runtime), time),
            new ResourceSeries(sampler),
            new ContainerSeries(sampler, cgroups, options),
            new AgentSeries(options, view, time),
            probes);
        return new NodeRoutes([.. statistics.All, .. new PodRoutes(() => agent.Known, view).All, .. new StreamRoutes(Streams).All, .. new DockerRoute(options.DockerSocket).All, .. new MachineRoutes(options).All]);
    }

    public Task StopAsync(CancellationToken cancellationToken) => services.StopAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await services.DisposeAsync();
        topology.Dispose();
        devices.Dispose();
        drivers.Dispose();
        dynamicDrivers.Dispose();
        Runtime.Dispose();
    }
}
