using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Node.DynamicResources;

/// <summary>Which claims, and which requests of them, a container uses. Pure.</summary>
internal static class ContainerClaims
{
    /// <returns>Requests by claim; none: all of the claim.</returns>
    /// <exception cref="DynamicResourceException">A claim has not been made yet.</exception>
    public static Dictionary<ObjectKey, IReadOnlyCollection<string>> Of(V1Pod pod, V1Container container)
    {
        var wanted = new Dictionary<ObjectKey, IReadOnlyCollection<string>>();
        foreach (var uses in (container.Resources?.Claims ?? []).GroupBy(use => use.Name, StringComparer.Ordinal))
        {
            if (PodClaimNames.Find(pod, uses.Key) is { } name)
            {
                var requests = uses.Select(use => use.Request ?? "").ToList();
                wanted[new ObjectKey(pod.Metadata.NamespaceProperty, name)] = requests.Contains("") ? [] : requests;
            }
        }
        if (Extended(pod, container) is { Count: > 0 } mapped)
        {
            wanted[new ObjectKey(pod.Metadata.NamespaceProperty, pod.Status.ExtendedResourceClaimStatus.ResourceClaimName)] = mapped;
        }
        return wanted;
    }

    // Resources that are counted by the scheduler and come from devices all the same.
    private static List<string>? Extended(V1Pod pod, V1Container container) => pod.Status?.ExtendedResourceClaimStatus?.RequestMappings?
        .Where(mapping => mapping.ContainerName == container.Name && Pods.PodLimits.Quantity(container.Resources?.Requests, mapping.ResourceName) > 0)
        .Select(mapping => mapping.RequestName)
        .ToList();
}
