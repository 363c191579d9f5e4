using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What a pod asks for as a whole: by its own word, or all its containers together; and its overhead.</summary>
internal static class PodRequests
{
    public static decimal Of(V1Pod pod, string resource) =>
        (PodLimits.Quantity(pod.Spec.Resources?.Requests, resource) ?? PodLimits.Quantity(pod.Spec.Resources?.Limits, resource)
            ?? PodLimits.Total(pod, container => Container(container, resource)))
        + (PodLimits.Quantity(pod.Spec.Overhead, resource) ?? 0);

    /// <summary>Everything it asks for, processor and memory first.</summary>
    public static IEnumerable<string> Names(V1Pod pod) => new[] { "cpu", "memory", "ephemeral-storage" }.Concat(
        pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).SelectMany(container => container.Resources?.Requests?.Keys ?? []).Order(StringComparer.Ordinal)).Distinct(StringComparer.Ordinal);

    private static decimal Container(V1Container container, string resource) =>
        PodLimits.Quantity(container.Resources?.Requests, resource) ?? PodLimits.Quantity(container.Resources?.Limits, resource) ?? 0;
}
