using Flotilla.Api.Pods;
using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>The host ports a pod asks for, once it runs and has an address of the family.</summary>
public static class PodPorts
{
    public static IEnumerable<HostPort> Of(V1Pod pod, Family family)
    {
        if (pod.Spec.HostNetwork == true || pod.Status?.Phase is "Succeeded" or "Failed" || PodAddresses.Of(pod).FirstOrDefault(family.Has) is not { } address)
        {
            return [];
        }

        return (pod.Spec.Containers ?? [])
            .Concat((pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always"))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0 && (string.IsNullOrEmpty(port.HostIP) || family.Has(port.HostIP)))
            .Select(port => new HostPort(
                port.HostIP is null or "" or "0.0.0.0" or "::" ? null : port.HostIP,
                port.Protocol ?? "TCP",
                port.HostPort!.Value,
                address,
                port.ContainerPort));
    }
}
