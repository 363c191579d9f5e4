using Flotilla.Node.Cpus;
using Flotilla.Node.Devices;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.NumaMemory;
using Flotilla.Node.Pods;
using Flotilla.Node.PodResources.Api;
using Flotilla.Node.Placement;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.PodResources;

/// <summary>Which devices, processors and memory belong to which container, and where they lie, for agents that measure them.</summary>
/// <param name="cpus">null: all containers share all processors.</param>
/// <param name="memory">null: all containers share all memory.</param>
internal sealed class PodResourcesSource(
    Func<IEnumerable<PodWorker>> workers, DeviceManager devices, DeviceInventory inventory, DynamicResourceManager claims, CpuAssignments? cpus, MemoryAssignments? memory)
{
    public IEnumerable<V1Pod> Active => workers().Where(worker => worker.IsActive).Select(worker => worker.Pod);

    public AllocatableResourcesResponse Allocatable()
    {
        var answer = new AllocatableResourcesResponse();
        foreach (var resource in inventory.Counts().Keys.Order(StringComparer.Ordinal))
        {
            answer.Devices.Add(Shown(resource, inventory.Of(resource).Healthy.Select(device => device.ID)));
        }
        answer.CpuIds.Add((cpus?.Allocatable ?? []).Select(cpu => (long)cpu));
        answer.Memory.Add((memory?.Allocatable ?? []).Select(part => Shown(part.Resource, part.Bytes, NumaMask.Of(part.Node))));
        return answer;
    }

    public async Task<Api.PodResources> OfAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var grants = await devices.GrantsAsync(pod, cancellationToken);
        var answer = new Api.PodResources { Name = pod.Metadata.Name, Namespace = pod.Metadata.NamespaceProperty };
        foreach (var container in (pod.Spec.InitContainers ?? []).Where(container => container.IsSidecar()).Concat(pod.Spec.Containers))
        {
            var resources = new Api.ContainerResources { Name = container.Name };
            resources.Devices.Add(grants.Where(grant => grant.Container == container.Name).SelectMany(grant => Shown(grant.Resource, grant.Devices)));
            resources.CpuIds.Add((cpus?.ExclusiveOf(pod.Metadata.Uid, container.Name) ?? []).Select(cpu => (long)cpu));
            resources.Memory.Add((memory?.Of(pod.Metadata.Uid, container.Name) ?? []).Select(block => Shown(block.Resource, block.Bytes, block.Place)));
            resources.DynamicResources.Add(Claimed(pod, container));
            answer.Containers.Add(resources);
        }
        return answer;
    }

    // A pod that waits for its claims has nothing of them.
    private List<DynamicResource> Claimed(V1Pod pod, V1Container container)
    {
        try
        {
            return [.. claims.DevicesFor(pod, container).GroupBy(found => found.Claim.Key).Select(claim => new DynamicResource
            {
                ClaimName = claim.Key.Name,
                ClaimNamespace = claim.Key.Namespace,
                ClaimResources = { claim.Select(found => Shown(found.Driver, found.Device)) },
            })];
        }
        catch (DynamicResourceException)
        {
            return [];
        }
    }

    private static ClaimResource Shown(string driver, PreparedDevice device)
    {
        var shown = new ClaimResource { DriverName = driver, PoolName = device.Pool, DeviceName = device.Name, CdiDevices = { device.Names.Select(name => new CDIDevice { Name = name }) } };
        if (device.ShareId is { } share)
        {
            shown.ShareId = share;
        }
        return shown;
    }

    // Those that lie at the same place are told together.
    private IEnumerable<ContainerDevices> Shown(string resource, IEnumerable<string> devices)
    {
        var places = inventory.Places(resource);
        return devices.Order(StringComparer.Ordinal).GroupBy(id => places.GetValueOrDefault(id)).Select(group => new ContainerDevices
        {
            ResourceName = resource,
            DeviceIds = { group },
            Topology = group.Key is { } place ? Shown(place) : null,
        });
    }

    private static ContainerMemory Shown(string resource, long bytes, NumaMask place) => new() { MemoryType = resource, Size = (ulong)bytes, Topology = Shown(place) };

    private static Api.TopologyInfo Shown(NumaMask place) => new() { Nodes = { place.Nodes.Select(node => new NUMANode { ID = node }) } };
}

internal sealed class PodResourcesService(PodResourcesSource source) : PodResourcesLister.PodResourcesListerBase
{
    public override async Task<ListPodResourcesResponse> List(ListPodResourcesRequest request, ServerCallContext context)
    {
        var answer = new ListPodResourcesResponse();
        foreach (var pod in source.Active.ToList())
        {
            answer.PodResources.Add(await source.OfAsync(pod, context.CancellationToken));
        }
        return answer;
    }

    public override Task<AllocatableResourcesResponse> GetAllocatableResources(AllocatableResourcesRequest request, ServerCallContext context) => Task.FromResult(source.Allocatable());

    public override async Task<GetPodResourcesResponse> Get(GetPodResourcesRequest request, ServerCallContext context)
    {
        var pod = source.Active.FirstOrDefault(pod => pod.Metadata.Name == request.PodName && pod.Metadata.NamespaceProperty == request.PodNamespace)
            ?? throw new RpcException(new Grpc.Core.Status(StatusCode.NotFound, $"pod {request.PodName} in namespace {request.PodNamespace} not found"));
        return new GetPodResourcesResponse { PodResources = await source.OfAsync(pod, context.CancellationToken) };
    }
}
