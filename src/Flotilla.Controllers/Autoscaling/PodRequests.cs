using Flotilla.Api.Quantities;
using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>What pods asked for of a resource, in thousandths: a utilization is a percentage of it.</summary>
internal static class PodRequests
{
    /// <exception cref="MetricException">A container asks for nothing, so there is nothing to compare with.</exception>
    public static Dictionary<string, long> For(IEnumerable<V1Pod> pods, string resource, string? container) =>
        pods.ToDictionary(pod => pod.Metadata.Name, pod => For(pod, resource, container), StringComparer.Ordinal);

    private static long For(V1Pod pod, string resource, string? container)
    {
        if (container is null && Amount(pod.Spec.Resources, resource) is { } whole)
        {
            return whole;
        }

        var working = pod.Spec.Containers.Concat((pod.Spec.InitContainers ?? []).Where(init => init.RestartPolicy == "Always"));
        return working.Where(one => container is null || one.Name == container).Sum(one => Amount(one.Resources, resource)
            ?? throw new MetricException($"missing request for {resource} in container {one.Name} of Pod {pod.Metadata.Name}"));
    }

    private static long? Amount(V1ResourceRequirements? requirements, string resource) =>
        requirements?.Requests is { } requests && requests.TryGetValue(resource, out var amount)
            ? (long)Quantity.Parse(amount.ToString()).MilliValue
            : null;
}
