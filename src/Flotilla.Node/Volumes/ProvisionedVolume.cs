using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>A volume made for a claim, as it reads in the API, whoever made it.</summary>
internal static class ProvisionedVolume
{
    public static string NameFor(V1PersistentVolumeClaim claim) => $"pvc-{claim.Metadata.Uid}";

    /// <summary>All but what is behind the volume and where it can be reached.</summary>
    public static V1PersistentVolume For(V1PersistentVolumeClaim claim, V1StorageClass storageClass, string provisioner) => new()
    {
        ApiVersion = "v1",
        Kind = "PersistentVolume",
        Metadata = new V1ObjectMeta
        {
            Name = NameFor(claim),
            Annotations = new Dictionary<string, string>(StringComparer.Ordinal) { [VolumeAnnotations.ProvisionedBy] = provisioner },
        },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = claim.Spec.AccessModes,
            Capacity = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["storage"] = claim.Spec.Resources.Requests["storage"] },
            ClaimRef = VolumeBond.ReferenceTo(claim),
            MountOptions = storageClass.MountOptions,
            PersistentVolumeReclaimPolicy = storageClass.ReclaimPolicy,
            StorageClassName = storageClass.Metadata.Name,
            VolumeMode = claim.Spec.VolumeMode,
        },
    };
}
