using Flotilla.Client;
using Flotilla.Linux.Cri;
using Flotilla.Node.Admission;
using Flotilla.Node.Cri;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.Statistics;
using Flotilla.Node.Status;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What every pod's worker shares with the others.</summary>
internal sealed record PodServices(
    NodeOptions Options,
    CriClient Runtime,
    ContainerStarter Starter,
    HookRunner Hooks,
    IPodVolumes Volumes,
    PodCgroups Cgroups,
    NodeCapacity Capacity,
    StatusWriter Statuses,
    EventRecorder Events,
    TimeProvider Time,
    ILogger Logger,
    IReadOnlyList<string> HostIps,
    RuntimeView View,
    ProbeCounts ProbeCounts,
    PodAdmission Admission,
    ExclusiveResources Exclusive,
    DynamicResourceManager Claims,
    CriticalPreemption Preemption,
    RuntimeClassHandlers Handlers,
    HandlerFeatures Features,
    UserNamespaces Users,
    CgroupFiles CgroupFiles,
    OutOfMemoryKills Kills)
{
    /// <summary>How the devices are that a pod's container was given; null: it has none.</summary>
    public Func<V1Pod, V1Container, IList<V1ResourceStatus>?> DevicesOf { get; init; } = (_, _) => null;

    /// <summary>Returns when a pod may use its address: the network guards it from then on.</summary>
    public Func<V1Pod, IReadOnlyList<string>, CancellationToken, Task> AddressReady { get; init; } = (_, _, _) => Task.CompletedTask;
}
