using Flotilla.Api.Pods;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>What policies see of a pod: whose it is, where it is and what its ports are called.</summary>
/// <param name="IsLocal">On this node, which therefore guards it.</param>
public sealed record PolicyPod(
    string Namespace, string Name, IDictionary<string, string>? Labels, string Address, bool IsLocal, IReadOnlyList<NamedPort> Ports)
{
    /// <summary>
    /// Cluster DNS is no pod here, as it is answered by every node itself. Policies that open the way to it name the pods
    /// it consists of elsewhere, so that it passes for one.
    /// </summary>
    public static PolicyPod ClusterDns(NetworkOptions options) => new(
        "kube-system", "kube-dns", new Dictionary<string, string>(StringComparer.Ordinal) { ["k8s-app"] = "kube-dns" }, options.ClusterDnsAddress.ToString(), false,
        [new("dns", "udp", 53), new("dns-tcp", "tcp", 53)]);

    /// <param name="addresses">As they are known here, if the object does not say yet.</param>
    /// <returns>null: policies do not apply to it, or it has no address of the family.</returns>
    public static PolicyPod? For(Family family, V1Pod pod, string nodeName, IReadOnlyList<string>? addresses)
    {
        var own = (addresses ?? PodAddresses.Of(pod)).FirstOrDefault(family.Has);
        return own is null || pod.Spec.HostNetwork == true || pod.Status?.Phase is "Succeeded" or "Failed"
            ? null
            : new PolicyPod(pod.Metadata.NamespaceProperty, pod.Metadata.Name, pod.Metadata.Labels, own, pod.Spec.NodeName == nodeName, [.. PortsOf(pod)]);
    }

    private static IEnumerable<NamedPort> PortsOf(V1Pod pod) =>
        (pod.Spec.Containers ?? [])
            .Concat((pod.Spec.InitContainers ?? []).Where(container => container.RestartPolicy == "Always"))
            .SelectMany(container => container.Ports ?? [])
            .Where(port => !string.IsNullOrEmpty(port.Name))
            .Select(port => new NamedPort(port.Name, (port.Protocol ?? "TCP").ToLowerInvariant(), port.ContainerPort));
}

/// <summary>A port of a container that has a name.</summary>
public readonly record struct NamedPort(string Name, string Protocol, int Number);
