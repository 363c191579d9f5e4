using Flotilla.Api;
using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// Claims, volumes and what describes them, by name. Volumes that were promised to a pod's claim show the promise until
/// the cluster says something newer about them, or it is taken back.
/// </summary>
public sealed class VolumeCatalog
{
    private static readonly Dictionary<string, V1PersistentVolume> NoVolumes = [];
    private readonly Dictionary<ObjectKey, V1PersistentVolumeClaim> claims = [];
    private readonly Dictionary<string, V1PersistentVolume> volumes = new(StringComparer.Ordinal);
    private readonly Dictionary<string, V1PersistentVolume> promised = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Dictionary<string, V1PersistentVolume>> byClass = new(StringComparer.Ordinal);

    public Dictionary<string, V1StorageClass> Classes { get; } = new(StringComparer.Ordinal);

    public Dictionary<string, V1CSIDriver> Drivers { get; } = new(StringComparer.Ordinal);

    /// <summary>What drivers say of themselves on each node, by node.</summary>
    public Dictionary<string, V1CSINode> DriverNodes { get; } = new(StringComparer.Ordinal);

    public Dictionary<ObjectKey, V1CSIStorageCapacity> Capacities { get; } = [];

    public V1PersistentVolumeClaim? Claim(ObjectKey key) => claims.GetValueOrDefault(key);

    public V1PersistentVolume? Volume(string name) => promised.GetValueOrDefault(name) ?? volumes.GetValueOrDefault(name);

    public V1StorageClass? ClassOf(V1PersistentVolumeClaim claim) => Classes.GetValueOrDefault(claim.ClassName());

    public IEnumerable<V1PersistentVolume> VolumesOfClass(string name) =>
        byClass.GetValueOrDefault(name, NoVolumes).Keys.Select(Volume).OfType<V1PersistentVolume>();

    public void Set(V1PersistentVolumeClaim claim) =>
        claims[new ObjectKey(claim.Metadata.NamespaceProperty, claim.Metadata.Name)] = claim;

    public void Set(V1PersistentVolume volume)
    {
        RemoveVolume(volume.Metadata.Name);
        volumes[volume.Metadata.Name] = volume;
        if (!byClass.TryGetValue(volume.ClassName(), out var siblings))
        {
            byClass.Add(volume.ClassName(), siblings = new Dictionary<string, V1PersistentVolume>(StringComparer.Ordinal));
        }

        siblings[volume.Metadata.Name] = volume;
    }

    public void RemoveClaim(ObjectKey key) => claims.Remove(key);

    public void RemoveVolume(string name)
    {
        promised.Remove(name);
        if (volumes.Remove(name, out var old) && byClass.TryGetValue(old.ClassName(), out var siblings))
        {
            siblings.Remove(name);
            if (siblings.Count == 0)
            {
                byClass.Remove(old.ClassName());
            }
        }
    }

    /// <param name="volume">As it will be, kept for a claim.</param>
    public void Promise(V1PersistentVolume volume) => promised[volume.Metadata.Name] = volume;

    public void TakeBack(V1PersistentVolume volume)
    {
        if (promised.TryGetValue(volume.Metadata.Name, out var known) && ReferenceEquals(known, volume))
        {
            promised.Remove(volume.Metadata.Name);
        }
    }
}
