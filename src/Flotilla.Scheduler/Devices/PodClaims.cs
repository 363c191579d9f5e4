using Flotilla.Api;
using Flotilla.Api.Pods;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>The claims a pod uses, or why they cannot be used yet, in upstream's words.</summary>
internal static class PodClaims
{
    public static (IReadOnlyList<Resourcev1ResourceClaim> Claims, string? Problem) Of(PodInfo pod, DeviceCatalog catalog)
    {
        List<Resourcev1ResourceClaim> claims = [];
        foreach (var reference in pod.Pod.Spec.ResourceClaims ?? [])
        {
            if (!PodDeviceClaims.TryGetName(pod.Pod, reference, out var name))
            {
                return ([], $"pod \"{pod.Key}\": ResourceClaim not created yet");
            }

            if (name is null)
            {
                // Nothing was generated for it, so there is nothing to wait for.
                continue;
            }

            if (catalog.Claim(new ObjectKey(pod.Namespace, name)) is not { } claim)
            {
                return ([], $"resourceclaim.resource.k8s.io \"{name}\" not found");
            }

            if (claim.Metadata.DeletionTimestamp is not null)
            {
                return ([], $"resourceclaim \"{name}\" is being deleted");
            }

            if (reference.ResourceClaimName is null && claim.Metadata.OwnerReferences?.Any(owner => owner.Controller == true && owner.Uid == pod.Uid) != true)
            {
                return ([], $"ResourceClaim {pod.Namespace}/{name} was not created for pod {pod.Key} (pod is not owner)");
            }

            claims.Add(claim);
        }

        return (claims, null);
    }

    public static bool IsReservedFor(Resourcev1ResourceClaim claim, PodInfo pod) =>
        claim.Status?.ReservedFor?.Any(consumer => consumer.Uid == pod.Uid) == true;

    /// <summary>The API allows so many consumers.</summary>
    public static bool CanBeReserved(Resourcev1ResourceClaim claim) => (claim.Status?.ReservedFor?.Count ?? 0) < 256;
}
