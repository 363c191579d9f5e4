using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>One volume of one pod, with the persistent volume behind it if it is a claim.</summary>
internal sealed record VolumeRequest(V1Pod Pod, V1Volume Volume, V1PersistentVolume? Persistent, V1PersistentVolumeClaim? Claim)
{
    /// <summary>As messages and directories name it.</summary>
    public string Name => Persistent?.Metadata.Name ?? Volume.Name;

    public V1HostPathVolumeSource? HostPath => Persistent is null ? Volume.HostPath : Persistent.Spec.HostPath;

    public V1NFSVolumeSource? Nfs => Persistent is null ? Volume.Nfs : Persistent.Spec.Nfs;

    public bool IsBlock => Persistent?.Spec.VolumeMode == "Block";

    /// <summary>Whether the pod may not write, whatever its containers say.</summary>
    public bool IsReadOnly => Volume.PersistentVolumeClaim?.ReadOnlyProperty == true;

    public long? Group => Pod.Spec.SecurityContext?.FsGroup;

    public bool ChangesGroupOnMismatchOnly => Pod.Spec.SecurityContext?.FsGroupChangePolicy == "OnRootMismatch";

    public string DirectoryIn(NodeOptions options, string plugin) =>
        Path.Combine(options.PodsDirectory, Pod.Metadata.Uid, "volumes", "kubernetes.io~" + plugin, Name);
}
