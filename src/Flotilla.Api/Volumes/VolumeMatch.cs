using Flotilla.Api.Selectors;
using k8s.Models;

namespace Flotilla.Api.Volumes;

/// <summary>Which of the volumes at hand a claim gets: the one kept for it, else the smallest that is enough.</summary>
public static class VolumeMatch
{
    /// <summary>As the binder chooses, whatever the node. Volumes with the fewest access modes beyond those asked for come first.</summary>
    /// <param name="waits">The claim's class waits for the first consumer: only a volume kept for the claim counts.</param>
    public static V1PersistentVolume? Find(V1PersistentVolumeClaim claim, IEnumerable<V1PersistentVolume> volumes, bool waits) =>
        volumes.Where(volume => volume.OffersModes(claim))
            .GroupBy(volume => string.Join(',', volume.Spec.AccessModes.Order(StringComparer.Ordinal)), StringComparer.Ordinal)
            .OrderBy(group => group.First().Spec.AccessModes.Count)
            .Select(group => Smallest(claim, group, _ => true, waits))
            .FirstOrDefault(volume => volume is not null);

    /// <summary>As the scheduler chooses for one node.</summary>
    /// <param name="reachable">Whether the volume can be used on the node.</param>
    public static V1PersistentVolume? FindOn(
        V1PersistentVolumeClaim claim, IEnumerable<V1PersistentVolume> volumes, Func<V1PersistentVolume, bool> reachable) =>
        Smallest(claim, volumes.Where(volume => volume.IsFor(claim) || volume.OffersModes(claim)), reachable, waits: false);

    /// <summary>Why a volume that the claim names, and that is free, cannot be its; null: it can.</summary>
    public static string? Misfit(V1PersistentVolumeClaim claim, V1PersistentVolume volume) =>
        volume.Metadata.DeletionTimestamp is not null ? $"the volume is marked for deletion \"{volume.Metadata.Name}\""
        : volume.CapacityBytes() < claim.RequestedBytes() ? "requested PV is too small"
        : volume.ClassName() != claim.ClassName() ? "storageClassName does not match"
        : !VolumeFacts.SameAttributes(claim, volume) ? "volumeAttributesClassName does not match"
        : !VolumeFacts.SameMode(claim, volume) ? "incompatible volumeMode"
        : !volume.OffersModes(claim) ? "incompatible accessMode"
        : null;

    private static V1PersistentVolume? Smallest(
        V1PersistentVolumeClaim claim, IEnumerable<V1PersistentVolume> volumes, Func<V1PersistentVolume, bool> reachable, bool waits)
    {
        var selector = LabelSelector.Of(claim.Spec.Selector) ?? LabelSelector.Everything;
        V1PersistentVolume? smallest = null;
        foreach (var volume in volumes.Where(volume => IsCandidate(claim, volume)))
        {
            if (volume.IsFor(claim))
            {
                return reachable(volume) ? volume : null;
            }
            if (!waits
                && volume.Status?.Phase == "Available"
                && selector.Matches(volume.Metadata.Labels)
                && volume.ClassName() == claim.ClassName()
                && reachable(volume)
                && (smallest is null || volume.CapacityBytes() < smallest.CapacityBytes()))
            {
                smallest = volume;
            }
        }
        return smallest;
    }

    private static bool IsCandidate(V1PersistentVolumeClaim claim, V1PersistentVolume volume) =>
        (volume.Spec.ClaimRef is null || volume.IsFor(claim))
        && volume.CapacityBytes() >= claim.RequestedBytes()
        && VolumeFacts.SameMode(claim, volume)
        && VolumeFacts.SameAttributes(claim, volume)
        && volume.Metadata.DeletionTimestamp is null;
}
