using k8s.Models;

namespace Flotilla.Scheduler.Tests.Plugins.Volumes;

/// <summary>Claims, volumes and classes in the few words a test needs.</summary>
internal static class Storage
{
    public static V1PersistentVolumeClaim Claim(string name, string size = "1Gi", string storageClass = "local", string? volume = null, string mode = "ReadWriteOnce") => new()
    {
        ApiVersion = "v1",
        Kind = "PersistentVolumeClaim",
        Metadata = new V1ObjectMeta
        {
            Name = name,
            NamespaceProperty = "default",
            Uid = "uid-" + name,
            Annotations = volume is null ? null : new Dictionary<string, string> { ["pv.kubernetes.io/bind-completed"] = "yes" },
        },
        Spec = new V1PersistentVolumeClaimSpec
        {
            AccessModes = [mode],
            StorageClassName = storageClass,
            VolumeName = volume,
            Resources = new V1VolumeResourceRequirements { Requests = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) } },
        },
        Status = new V1PersistentVolumeClaimStatus { Phase = volume is null ? "Pending" : "Bound" },
    };

    public static V1PersistentVolume Volume(string name, string size = "1Gi", string? node = null, string storageClass = "local", string? driver = null) => new()
    {
        ApiVersion = "v1",
        Kind = "PersistentVolume",
        Metadata = new V1ObjectMeta { Name = name },
        Spec = new V1PersistentVolumeSpec
        {
            AccessModes = ["ReadWriteOnce"],
            StorageClassName = storageClass,
            Capacity = new Dictionary<string, ResourceQuantity> { ["storage"] = new(size) },
            Csi = driver is null ? null : new V1CSIPersistentVolumeSource { Driver = driver, VolumeHandle = name },
            NodeAffinity = node is null ? null : new V1VolumeNodeAffinity { Required = On(node) },
        },
        Status = new V1PersistentVolumeStatus { Phase = "Available" },
    };

    public static V1StorageClass Class(string name = "local", string provisioner = "example.com/disk", bool waits = true) => new()
    {
        ApiVersion = "storage.k8s.io/v1",
        Kind = "StorageClass",
        Metadata = new V1ObjectMeta { Name = name },
        Provisioner = provisioner,
        VolumeBindingMode = waits ? "WaitForFirstConsumer" : "Immediate",
    };

    public static V1Pod Pod(string name, params string[] claims) => Given.Pod(name, with: pod => pod.Spec.Volumes =
        [.. claims.Select(claim => new V1Volume { Name = claim, PersistentVolumeClaim = new V1PersistentVolumeClaimVolumeSource { ClaimName = claim } })]);

    private static V1NodeSelector On(string node) => new()
    {
        NodeSelectorTerms =
        [
            new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = "kubernetes.io/hostname", OperatorProperty = "In", Values = [node] }] },
        ],
    };
}
