using k8s.Models;

namespace Flotilla.Api.Volumes;

/// <summary>
/// The two halves of a binding as they should read; null: it does already. The volume's half is written first,
/// so that a crash in between leaves a volume kept for the claim.
/// </summary>
public static class VolumeBond
{
    public static V1PersistentVolume? OnVolume(V1PersistentVolume volume, V1PersistentVolumeClaim claim)
    {
        if (volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid && volume.IsFor(claim))
        {
            return null;
        }
        // Whoever kept the volume for the claim keeps it after the claim too.
        var metadata = volume.IsFor(claim) ? volume.Metadata : With(volume.Metadata, VolumeAnnotations.BoundByController);
        return volume with { Metadata = metadata, Spec = volume.Spec with { ClaimRef = ReferenceTo(claim) } };
    }

    /// <summary>By which a volume names its claim.</summary>
    public static V1ObjectReference ReferenceTo(V1PersistentVolumeClaim claim) => new()
    {
        ApiVersion = "v1",
        Kind = "PersistentVolumeClaim",
        Name = claim.Metadata.Name,
        NamespaceProperty = claim.Metadata.NamespaceProperty,
        Uid = claim.Metadata.Uid,
        ResourceVersion = claim.Metadata.ResourceVersion,
    };

    public static V1PersistentVolumeClaim? OnClaim(V1PersistentVolumeClaim claim, V1PersistentVolume volume)
    {
        var metadata = claim.Metadata;
        var isNamed = claim.Spec.VolumeName == volume.Metadata.Name;
        if (!isNamed)
        {
            metadata = With(metadata, VolumeAnnotations.BoundByController);
        }
        metadata = With(metadata, VolumeAnnotations.BindCompleted);
        return isNamed && ReferenceEquals(metadata, claim.Metadata)
            ? null
            : claim with { Metadata = metadata, Spec = claim.Spec with { VolumeName = volume.Metadata.Name } };
    }

    /// <summary>Without the binder's own reference; one that the user made keeps its name and loses the claim's identity.</summary>
    public static V1PersistentVolume Without(V1PersistentVolume volume)
    {
        if (!VolumeAnnotations.Has(volume.Metadata.Annotations, VolumeAnnotations.BoundByController))
        {
            return volume with { Spec = volume.Spec with { ClaimRef = volume.Spec.ClaimRef with { Uid = "" } } };
        }
        var annotations = volume.Metadata.Annotations.Where(pair => pair.Key != VolumeAnnotations.BoundByController);
        return volume with
        {
            Metadata = volume.Metadata with { Annotations = annotations.ToDictionary(StringComparer.Ordinal) },
            Spec = volume.Spec with { ClaimRef = null },
        };
    }

    private static V1ObjectMeta With(V1ObjectMeta metadata, string mark) => VolumeAnnotations.Has(metadata.Annotations, mark)
        ? metadata
        : metadata with { Annotations = new Dictionary<string, string>(metadata.Annotations ?? new Dictionary<string, string>(StringComparer.Ordinal), StringComparer.Ordinal) { [mark] = "yes" } };
}
