using Flotilla.Linux.Cri;
using Flotilla.Node.Cdi;
using Flotilla.Node.Cpus;
using Flotilla.Node.Devices;
using Flotilla.Node.DynamicResources;
using Flotilla.Node.NumaMemory;
using Flotilla.Node.Placement;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>What a container has for itself alone: devices of plugins and of claims, and under the static policies whole processors and memory of NUMA nodes.</summary>
/// <param name="cpus">null: all containers share all processors.</param>
/// <param name="memory">null: all containers share all memory.</param>
internal sealed class ExclusiveResources(
    TopologyManager topology, DeviceManager devices, DynamicResourceManager claims, CdiInjection cdi, CpuAssignments? cpus, MemoryAssignments? memory, Action repin)
{
    /// <param name="podUids">The pods that are on the node.</param>
    /// <returns>null: the pod has all it asks for.</returns>
    public async Task<Rejection?> AdmitAsync(V1Pod pod, IReadOnlySet<string> podUids, CancellationToken cancellationToken)
    {
        var rejection = await topology.AdmitAsync(pod, podUids, cancellationToken);
        repin();
        return rejection;
    }

    public async Task ApplyAsync(ContainerConfig config, V1Pod pod, V1Container container, CancellationToken cancellationToken)
    {
        DeviceConfiguration.Apply(config, await devices.PrepareAsync(pod, container, cancellationToken));
        config.CDIDevices.Add(Claimed(pod, container).Select(name => new CDIDevice { Name = name }));
        await cdi.ApplyAsync(config, cancellationToken);
        if (cpus is not null)
        {
            config.Linux.Resources.CpusetCpus = cpus.Of(pod.Metadata.Uid, container.Name);
        }
        if (memory?.NodesOf(pod.Metadata.Uid, container.Name) is { } nodes)
        {
            config.Linux.Resources.CpusetMems = CpuSet.Format(nodes.Nodes);
        }
    }

    /// <summary>The pod uses nothing any more.</summary>
    public void Release(string podUid)
    {
        memory?.Release(podUid);
        if (cpus?.Release(podUid) == true)
        {
            repin();
        }
    }

    private IReadOnlyList<string> Claimed(V1Pod pod, V1Container container)
    {
        try
        {
            return claims.NamesFor(pod, container);
        }
        catch (DynamicResourceException missing)
        {
            throw new ContainerException("CreateContainerConfigError", missing.Message, missing);
        }
    }
}
