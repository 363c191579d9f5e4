using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

internal enum VolumeStep
{
    None,

    /// <summary>The claim's own turn settles it.</summary>
    AskClaim,

    /// <summary>Volume and claim name each other, but are of different modes.</summary>
    Mismatch,

    /// <summary>What is behind the volume is dealt with by its policy.</summary>
    Reclaim,

    /// <summary>The volume's claim has another volume: this one is free again.</summary>
    Unbind,
}

/// <param name="Phase">null: as it is.</param>
internal sealed record VolumePlan(string? Phase, VolumeStep Step)
{
    /// <param name="claim">The claim that the volume refers to, if it exists and is the same as ever.</param>
    public static VolumePlan For(V1PersistentVolume volume, V1PersistentVolumeClaim? claim)
    {
        if (string.IsNullOrEmpty(volume.Spec.ClaimRef?.Uid))
        {
            // Free, or kept for a claim that is yet to come.
            return new VolumePlan("Available", volume.Spec.ClaimRef is null ? VolumeStep.None : VolumeStep.AskClaim);
        }
        if (claim is null)
        {
            return Released(volume);
        }
        if (string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            return new VolumePlan(null, VolumeFacts.SameMode(claim, volume) ? VolumeStep.AskClaim : VolumeStep.Mismatch);
        }
        if (claim.Spec.VolumeName == volume.Metadata.Name)
        {
            return new VolumePlan("Bound", VolumeStep.None);
        }
        var isOurs = volume.Metadata.Annotation(VolumeAnnotations.ProvisionedBy) is not null;
        return isOurs && volume.Spec.PersistentVolumeReclaimPolicy == "Delete" ? Released(volume) : new VolumePlan(null, VolumeStep.Unbind);
    }

    private static VolumePlan Released(V1PersistentVolume volume) =>
        new(volume.Status?.Phase is "Released" or "Failed" ? null : "Released", VolumeStep.Reclaim);
}
