using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>The resources of a pod's containers by their names, and its own under the empty name. Pure.</summary>
internal static class Allocation
{
    private const string PodItself = "";

    public static Dictionary<string, V1ResourceRequirements> Of(V1Pod pod)
    {
        var given = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? [])
            .ToDictionary(container => container.Name, container => container.Resources ?? new V1ResourceRequirements(), StringComparer.Ordinal);
        given[PodItself] = pod.Spec.Resources ?? new V1ResourceRequirements();
        return given;
    }

    public static V1Pod Apply(V1Pod pod, IReadOnlyDictionary<string, V1ResourceRequirements> given)
    {
        V1Container Give(V1Container container) => given.TryGetValue(container.Name, out var resources)
            ? container with { Resources = resources with { Claims = container.Resources?.Claims } }
            : container;
        return pod with
        {
            Spec = pod.Spec with
            {
                Containers = [.. pod.Spec.Containers.Select(Give)],
                InitContainers = pod.Spec.InitContainers is { } init ? [.. init.Select(Give)] : null,
                Resources = pod.Spec.Resources is null ? null : given.GetValueOrDefault(PodItself) ?? pod.Spec.Resources,
            },
        };
    }

    public static bool Same(IReadOnlyDictionary<string, V1ResourceRequirements> left, IReadOnlyDictionary<string, V1ResourceRequirements> right) =>
        left.All(pair => right.TryGetValue(pair.Key, out var other) && Same(pair.Value.Requests, other.Requests) && Same(pair.Value.Limits, other.Limits));

    private static bool Same(IDictionary<string, ResourceQuantity>? left, IDictionary<string, ResourceQuantity>? right) =>
        (left?.Count ?? 0) == (right?.Count ?? 0)
        && (left ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal)).All(pair => PodLimits.Quantity(right, pair.Key) == pair.Value.ToDecimal());
}
