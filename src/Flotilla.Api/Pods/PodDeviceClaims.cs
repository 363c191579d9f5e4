using k8s.Models;

namespace Flotilla.Api.Pods;

/// <summary>The ResourceClaims that a pod names, or that were made for it from templates.</summary>
public static class PodDeviceClaims
{
    /// <summary>The finalizer of a claim whose devices are in use.</summary>
    public const string Protection = "resource.kubernetes.io/delete-protection";

    /// <param name="name">null: nothing was made from the template, and nothing will be.</param>
    /// <returns>False: it has not been made yet.</returns>
    public static bool TryGetName(V1Pod pod, V1PodResourceClaim claim, out string? name)
    {
        var made = pod.Status?.ResourceClaimStatuses?.FirstOrDefault(status => status.Name == claim.Name);
        name = claim.ResourceClaimName ?? made?.ResourceClaimName;
        name = string.IsNullOrEmpty(name) ? null : name;
        return claim.ResourceClaimName is not null || made is not null;
    }
}
