using k8s.Models;

namespace Flotilla.Api.Volumes;

/// <summary>What binder, scheduler and node ask about claims, volumes and classes.</summary>
public static class VolumeFacts
{
    public const string WaitForFirstConsumer = "WaitForFirstConsumer";
    private const string Storage = "storage";
    private const string DefaultMode = "Filesystem";
    private static readonly string[] DefaultMarks = ["storageclass.kubernetes.io/is-default-class", "storageclass.beta.kubernetes.io/is-default-class"];

    /// <summary>Empty: expressly or by omission none.</summary>
    public static string ClassName(this V1PersistentVolumeClaim claim) =>
        claim.Metadata.Annotation(VolumeAnnotations.BetaClass) ?? claim.Spec.StorageClassName ?? "";

    public static string ClassName(this V1PersistentVolume volume) =>
        volume.Metadata.Annotation(VolumeAnnotations.BetaClass) ?? volume.Spec.StorageClassName ?? "";

    /// <summary>Whether the claim says anything about its class, be it that it wants none.</summary>
    public static bool SaysClass(this V1PersistentVolumeClaim claim) =>
        claim.Spec.StorageClassName is not null || claim.Metadata.Annotation(VolumeAnnotations.BetaClass) is not null;

    public static decimal RequestedBytes(this V1PersistentVolumeClaim claim) =>
        claim.Spec.Resources?.Requests is { } requests && requests.TryGetValue(Storage, out var size) ? size.ToDecimal() : 0;

    public static decimal CapacityBytes(this V1PersistentVolume volume) =>
        volume.Spec.Capacity is { } capacity && capacity.TryGetValue(Storage, out var size) ? size.ToDecimal() : 0;

    public static bool IsBlock(this V1PersistentVolumeClaim claim) => claim.Spec.VolumeMode == "Block";

    public static bool IsBlock(this V1PersistentVolume volume) => volume.Spec.VolumeMode == "Block";

    public static bool SameMode(V1PersistentVolumeClaim claim, V1PersistentVolume volume) =>
        (claim.Spec.VolumeMode ?? DefaultMode) == (volume.Spec.VolumeMode ?? DefaultMode);

    public static bool OffersModes(this V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        (claim.Spec.AccessModes ?? []).All(mode => volume.Spec.AccessModes?.Contains(mode) == true);

    public static bool SameAttributes(V1PersistentVolumeClaim claim, V1PersistentVolume volume) =>
        (claim.Spec.VolumeAttributesClassName ?? "") == (volume.Spec.VolumeAttributesClassName ?? "");

    /// <summary>Whether the volume is reserved for, or bound to, this very claim.</summary>
    public static bool IsFor(this V1PersistentVolume volume, V1PersistentVolumeClaim claim) =>
        volume.Spec.ClaimRef is { } reference
        && reference.Name == claim.Metadata.Name
        && reference.NamespaceProperty == claim.Metadata.NamespaceProperty
        && (string.IsNullOrEmpty(reference.Uid) || reference.Uid == claim.Metadata.Uid);

    public static bool WaitsForConsumer(this V1StorageClass? storageClass) => storageClass?.VolumeBindingMode == WaitForFirstConsumer;

    public static bool IsDefault(this V1StorageClass storageClass) =>
        DefaultMarks.Any(mark => storageClass.Metadata.Annotation(mark) == "true");

    /// <summary>Of several default classes the newest counts, of equally old ones the first by name.</summary>
    public static V1StorageClass? Default(this IEnumerable<V1StorageClass> classes) =>
        classes.Where(IsDefault)
            .OrderByDescending(storageClass => storageClass.Metadata.CreationTimestamp)
            .ThenBy(storageClass => storageClass.Metadata.Name, StringComparer.Ordinal)
            .FirstOrDefault();

    /// <summary>The claim behind a volume of a pod; null: the volume has none.</summary>
    public static string? ClaimName(this V1Pod pod, V1Volume volume) =>
        volume.PersistentVolumeClaim?.ClaimName ?? (volume.Ephemeral is null ? null : $"{pod.Metadata.Name}-{volume.Name}");

    /// <summary>A claim made for a pod's ephemeral volume is controlled by that pod.</summary>
    public static bool IsOf(this V1PersistentVolumeClaim claim, V1Pod pod) =>
        claim.Metadata.OwnerReferences?.Any(owner => owner.Controller == true && owner.Uid == pod.Metadata.Uid) == true;

    public static string? Annotation(this V1ObjectMeta metadata, string name) =>
        metadata.Annotations is { } annotations && annotations.TryGetValue(name, out var value) ? value : null;
}
