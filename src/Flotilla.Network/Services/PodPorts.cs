using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>The host ports a pod asks for, once it runs and has an address.</summary>
public static class PodPorts
{
    public static IEnumerable<HostPort> Of(V1Pod pod)
    {
        if (pod.Spec.HostNetwork == true || string.IsNullOrEmpty(pod.Status?.PodIP) || pod.Status.Phase is "Succeeded" or "Failed")
        {
            return [];
        }

        return (pod.Spec.Containers ?? [])
            .Concat((pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always"))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => port.HostPort > 0)
            .Select(port => new HostPort(
                port.HostIP is null or "" or "0.0.0.0" ? null : port.HostIP,
                port.Protocol ?? "TCP",
                port.HostPort!.Value,
                pod.Status.PodIP,
                port.ContainerPort));
    }
}
