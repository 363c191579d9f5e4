using Flotilla.Linux.Cri;
using Flotilla.Node.Cri;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Statistics;

/// <param name="Claim">Set for volumes that outlive their pod.</param>
internal sealed record VolumeAccount(string Name, FileSystemSpace Space, DiskUse Use, (string Namespace, string Name)? Claim);

/// <summary>What pods keep on the node's disk: containers' writable layers, logs and volumes. Read when asked for.</summary>
internal sealed class DiskAccounts(NodeOptions options, CriClient runtime)
{
    private const string EmptyDirectories = "kubernetes.io~empty-dir";

    // What the agent itself writes into a pod's volumes counts as the pod's.
    private static readonly string[] Written = ["kubernetes.io~configmap", "kubernetes.io~secret", "kubernetes.io~downward-api", "kubernetes.io~projected"];

    /// <summary>Each container's writable layer, by the container's id.</summary>
    public async Task<IReadOnlyDictionary<string, DiskUse>> LayersAsync(CancellationToken cancellationToken)
    {
        return (await StatsAsync(cancellationToken)).Where(stats => stats.Attributes is not null).ToDictionary(
            stats => stats.Attributes.Id,
            stats => new DiskUse((long)(stats.WritableLayer?.UsedBytes?.Value ?? 0), (long)(stats.WritableLayer?.InodesUsed?.Value ?? 0)),
            StringComparer.Ordinal);
    }

    // One container that ends meanwhile makes containerd fail for them all: then each is asked for by itself.
    private async Task<IEnumerable<ContainerStats>> StatsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return (await runtime.Runtime.ListContainerStatsAsync(new ListContainerStatsRequest(), cancellationToken: cancellationToken)).Stats;
        }
        catch (RpcException failure) when (failure.StatusCode is StatusCode.NotFound or StatusCode.Unknown)
        {
            var filter = new ContainerFilter { State = new ContainerStateValue { State = ContainerState.ContainerRunning } };
            var running = await runtime.Runtime.ListContainersAsync(new ListContainersRequest { Filter = filter }, cancellationToken: cancellationToken);
            return (await Task.WhenAll(running.Containers.Select(container => StatsAsync(container.Id, cancellationToken)))).OfType<ContainerStats>();
        }
    }

    private async Task<ContainerStats?> StatsAsync(string container, CancellationToken cancellationToken)
    {
        try
        {
            return (await runtime.Runtime.ContainerStatsAsync(new ContainerStatsRequest { ContainerId = container }, cancellationToken: cancellationToken)).Stats;
        }
        catch (RpcException gone) when (gone.StatusCode is StatusCode.NotFound or StatusCode.Unknown)
        {
            return null;
        }
    }

    public IReadOnlyList<VolumeAccount> VolumesOf(V1Pod pod)
    {
        var claims = (pod.Spec.Volumes ?? []).Where(volume => volume.PersistentVolumeClaim is not null)
            .ToDictionary(volume => volume.Name, volume => (pod.Metadata.NamespaceProperty, volume.PersistentVolumeClaim.ClaimName), StringComparer.Ordinal);
        return
        [
            .. Directories(pod).Select(directory => (Name: Path.GetFileName(directory), Directory: directory))
                .Select(volume => new VolumeAccount(
                    volume.Name, FileSystemSpace.Of(volume.Directory), DiskUse.Of(volume.Directory), claims.TryGetValue(volume.Name, out var claim) ? claim : null)),
        ];
    }

    /// <summary>What counts against the pod's ephemeral storage: layers, logs, and volumes on the disk that end with the pod.</summary>
    public DiskUse EphemeralUse(V1Pod pod, IEnumerable<DiskUse> layers) => layers
        .Append(DiskUse.Of(PodDirectories.Logs(options, pod)))
        .Concat(Directories(pod, [EmptyDirectories, .. Written]).Where(directory => !IsInMemory(pod, directory)).Select(DiskUse.Of))
        .Aggregate(default(DiskUse), (sum, use) => sum + use);

    /// <summary>What an emptyDir of the pod holds.</summary>
    public DiskUse EmptyDirectory(V1Pod pod, string volume) => DiskUse.Of(Path.Combine(VolumesDirectory(pod), EmptyDirectories, volume));

    /// <summary>What a container has logged.</summary>
    public DiskUse Logs(V1Pod pod, string container) => DiskUse.Of(Path.Combine(PodDirectories.Logs(options, pod), container));

    private string VolumesDirectory(V1Pod pod) => Path.Combine(PodDirectories.Of(options, pod.Metadata.Uid), "volumes");

    private IEnumerable<string> Directories(V1Pod pod, IReadOnlyCollection<string>? plugins = null) =>
        Directory.Exists(VolumesDirectory(pod))
            ? Directory.EnumerateDirectories(VolumesDirectory(pod))
                .Where(plugin => plugins is null || plugins.Contains(Path.GetFileName(plugin)))
                .SelectMany(Directory.EnumerateDirectories)
            : [];

    private static bool IsInMemory(V1Pod pod, string directory) =>
        (pod.Spec.Volumes ?? []).Any(volume => volume.Name == Path.GetFileName(directory) && volume.EmptyDir?.Medium == "Memory");
}
