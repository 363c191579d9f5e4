using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>The volumes and classes as of one decision.</summary>
internal sealed class VolumeView(IReadOnlyList<V1PersistentVolume> volumes, IReadOnlyList<V1StorageClass> classes)
{
    public IReadOnlyList<V1PersistentVolume> Volumes => volumes;

    public V1StorageClass? DefaultClass => classes.Default();

    public V1PersistentVolume? Volume(string name) => volumes.FirstOrDefault(volume => volume.Metadata.Name == name);

    public V1StorageClass? Class(string name) => classes.FirstOrDefault(storageClass => storageClass.Metadata.Name == name);
}
