using k8s.Models;

namespace Flotilla.Controllers.StatefulSets;

/// <summary>To whom a claim belongs, as the retention policy says. Pure.</summary>
internal static class ClaimOwners
{
    private const string Delete = "Delete";

    /// <param name="isInRange">Whether the set still wants a pod of this number.</param>
    /// <returns>null: they are right as they are.</returns>
    public static List<V1OwnerReference>? For(V1StatefulSet set, V1Pod pod, bool isInRange, V1PersistentVolumeClaim claim)
    {
        var policy = set.Spec.PersistentVolumeClaimRetentionPolicy;
        var ofPod = policy?.WhenScaled == Delete && !isInRange;
        var ofSet = policy?.WhenDeleted == Delete && !ofPod;
        var known = claim.Metadata.OwnerReferences ?? [];
        if (known.Any(owner => owner.Uid == set.Metadata.Uid) == ofSet && known.Any(owner => owner.Uid == pod.Metadata.Uid) == ofPod)
        {
            return null;
        }

        var others = known.Where(owner => owner.Uid != set.Metadata.Uid && owner.Uid != pod.Metadata.Uid).ToList();
        if (others.Exists(owner => owner.Controller == true))
        {
            return others.Count == known.Count ? null : others; // Somebody else's: it is not taken away.
        }

        return ofSet ? [.. others, Owners.ReferenceTo(set)] : ofPod ? [.. others, Owners.ReferenceTo(pod)] : others;
    }

    /// <summary>Whether it goes with a pod of this name that is no more.</summary>
    public static bool IsOfEarlierPod(V1PersistentVolumeClaim claim, string pod) =>
        claim.Metadata.OwnerReferences?.Any(owner => owner.Kind == "Pod" && owner.Name == pod) == true;
}
