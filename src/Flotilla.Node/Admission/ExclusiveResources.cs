using Flotilla.Node.Cpus;
using Flotilla.Node.Cri;
using Flotilla.Node.Devices;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>What a container has for itself alone: devices, and under the static policy whole processors.</summary>
/// <param name="cpus">null: all containers share all processors.</param>
internal sealed class ExclusiveResources(DeviceManager devices, CpuAssignments? cpus, Action repin)
{
    /// <param name="podUids">The pods that are on the node.</param>
    /// <returns>null: the pod has all it asks for.</returns>
    public async Task<Rejection?> AdmitAsync(V1Pod pod, IReadOnlySet<string> podUids, CancellationToken cancellationToken)
    {
        var lack = await devices.AdmitAsync(pod, podUids, cancellationToken) ?? cpus?.Admit(pod, podUids);
        repin();
        return lack is null ? null : new Rejection("UnexpectedAdmissionError", $"Allocate failed due to {lack}, which is unexpected");
    }

    public async Task ApplyAsync(ContainerConfig config, V1Pod pod, V1Container container, CancellationToken cancellationToken)
    {
        DeviceConfiguration.Apply(config, await devices.PrepareAsync(pod, container, cancellationToken));
        if (cpus is not null)
        {
            config.Linux.Resources.CpusetCpus = cpus.Of(pod.Metadata.Uid, container.Name);
        }
    }

    /// <summary>The pod uses nothing any more.</summary>
    public void Release(string podUid)
    {
        if (cpus?.Release(podUid) == true)
        {
            repin();
        }
    }
}
