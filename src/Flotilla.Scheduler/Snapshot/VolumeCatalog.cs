using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>Claims and volumes by name.</summary>
public sealed class VolumeCatalog
{
    private readonly Dictionary<ObjectKey, V1PersistentVolumeClaim> claims = [];
    private readonly Dictionary<string, V1PersistentVolume> volumes = new(StringComparer.Ordinal);

    public V1PersistentVolumeClaim? Claim(ObjectKey key) => claims.GetValueOrDefault(key);

    public V1PersistentVolume? Volume(string name) => volumes.GetValueOrDefault(name);

    public void Set(V1PersistentVolumeClaim claim) =>
        claims[new ObjectKey(claim.Metadata.NamespaceProperty, claim.Metadata.Name)] = claim;

    public void Set(V1PersistentVolume volume) => volumes[volume.Metadata.Name] = volume;

    public void RemoveClaim(ObjectKey key) => claims.Remove(key);

    public void RemoveVolume(string name) => volumes.Remove(name);
}
