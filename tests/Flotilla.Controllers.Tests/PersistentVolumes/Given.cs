using k8s.Models;

namespace Flotilla.Controllers.Tests.PersistentVolumes;

/// <summary>Claims, volumes and classes to begin with.</summary>
internal static class Given
{
    public static V1PersistentVolumeClaim Claim(string name, string size, string? storageClass = null) => new()
    {
        ApiVersion = "v1",
        Kind = "PersistentVolumeClaim",
        Metadata = new V1ObjectMeta { Name = name, NamespaceProperty = "default" },
        Spec = new V1PersistentVolumeClaimSpec
        {
            AccessModes = ["ReadWriteOnce"],
            StorageClassName = storageClass,
            Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) } },
        },
    };

    public static V1PersistentVolume Volume(string name, string size, string policy = "Retain") => new()
    {
        ApiVersion = "v1",
        Kind = "PersistentVolume",
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = ["ReadWriteOnce"],
            PersistentVolumeReclaimPolicy = policy,
            Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
            Local = new V1LocalVolumeSource { Path = "/srv" },
        },
    };

    public static V1StorageClass Class(string name, string provisioner, bool waits = false, bool isDefault = false) => new()
    {
        ApiVersion = "storage.k8s.io/v1",
        Kind = "StorageClass",
        Metadata = new V1ObjectMeta
        {
            Name = name,
            Annotations = isDefault ? new Dictionary<string, string> { ["storageclass.kubernetes.io/is-default-class"] = "true" } : null,
        },
        Provisioner = provisioner,
        VolumeBindingMode = waits ? "WaitForFirstConsumer" : "Immediate",
    };
}
