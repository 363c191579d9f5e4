using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>The status of a claim for its phase and volume.</summary>
internal static class ClaimStatusRules
{
    public static V1PersistentVolumeClaimStatus For(V1PersistentVolumeClaim claim, string phase, V1PersistentVolume? volume)
    {
        var status = (claim.Status ?? new V1PersistentVolumeClaimStatus()) with { Phase = phase };
        if (volume is null)
        {
            return status with { AccessModes = null, Capacity = null, CurrentVolumeAttributesClassName = null };
        }
        status.AccessModes = volume.Spec.AccessModes;
        if (claim.Status?.Phase != phase)
        {
            // Later the two may differ on purpose: a file system that has not grown with its volume yet.
            status.Capacity = volume.Spec.Capacity;
            status.CurrentVolumeAttributesClassName = string.IsNullOrEmpty(volume.Spec.VolumeAttributesClassName) ? null : volume.Spec.VolumeAttributesClassName;
        }
        return status;
    }
}
