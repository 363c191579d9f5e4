using System.Diagnostics.CodeAnalysis;
using Flotilla.Api.Pods;
using k8s.Models;

namespace Flotilla.Node.DynamicResources;

/// <summary>The names of the claims that a pod uses. Pure.</summary>
internal static class PodClaimNames
{
    /// <param name="IsOwn">Made for this pod alone.</param>
    public sealed record Use(string Name, bool IsOwn);

    /// <exception cref="DynamicResourceException">A claim has not been made yet.</exception>
    public static IEnumerable<Use> Of(V1Pod pod)
    {
        foreach (var claim in pod.Spec.ResourceClaims ?? [])
        {
            if (Of(pod, claim) is { } name)
            {
                yield return new Use(name, claim.ResourceClaimName is null);
            }
        }
        if (pod.Status?.ExtendedResourceClaimStatus?.ResourceClaimName is { Length: > 0 } special)
        {
            yield return new Use(special, true);
        }
    }

    /// <param name="podClaim">As the pod calls it.</param>
    public static string? Find(V1Pod pod, string podClaim) =>
        Named(pod, podClaim) is { } found ? Of(pod, found) : null;

    /// <returns>false: the pod has no such claim, or it has not been made yet.</returns>
    public static bool TryFind(V1Pod pod, string podClaim, [NotNullWhen(true)] out string? name)
    {
        name = null;
        return Named(pod, podClaim) is { } found && PodDeviceClaims.TryGetName(pod, found, out name) && name is not null;
    }

    private static V1PodResourceClaim? Named(V1Pod pod, string podClaim) => pod.Spec.ResourceClaims?.FirstOrDefault(claim => claim.Name == podClaim);

    private static string? Of(V1Pod pod, V1PodResourceClaim claim) => PodDeviceClaims.TryGetName(pod, claim, out var name)
        ? name
        : throw new DynamicResourceException($"pod \"{pod.Metadata.NamespaceProperty}/{pod.Metadata.Name}\": ResourceClaim not created yet");
}
