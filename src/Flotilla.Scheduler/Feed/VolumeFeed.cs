using Flotilla.Client;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s;
using k8s.Models;

namespace Flotilla.Scheduler.Feed;

/// <summary>Carries changes of claims, volumes and what describes them into the snapshot.</summary>
public sealed class VolumeFeed(SchedulerState state, InformerSet informers)
{
    public void Subscribe()
    {
        Follow<V1PersistentVolumeClaim>((catalog, claim) => catalog.Set(claim), (catalog, claim) => catalog.RemoveClaim(claim.Key()));
        Follow<V1PersistentVolume>((catalog, volume) => catalog.Set(volume), (catalog, volume) => catalog.RemoveVolume(volume.Metadata.Name));
        Follow<V1StorageClass>((catalog, item) => catalog.Classes[item.Metadata.Name] = item, (catalog, item) => catalog.Classes.Remove(item.Metadata.Name));
        Follow<V1CSIDriver>((catalog, item) => catalog.Drivers[item.Metadata.Name] = item, (catalog, item) => catalog.Drivers.Remove(item.Metadata.Name));
        Follow<V1CSINode>((catalog, item) => catalog.DriverNodes[item.Metadata.Name] = item, (catalog, item) => catalog.DriverNodes.Remove(item.Metadata.Name));
        Follow<V1CSIStorageCapacity>((catalog, item) => catalog.Capacities[item.Key()] = item, (catalog, item) => catalog.Capacities.Remove(item.Key()));
    }

    private void Follow<T>(Action<VolumeCatalog, T> set, Action<VolumeCatalog, T> remove)
        where T : class, IKubernetesObject<V1ObjectMeta> =>
        informers.Of<T>().Subscribe(change =>
        {
            lock (state.Gate)
            {
                (change.New is null ? remove : set)(state.Cluster.Volumes, change.Latest);
            }

            state.Queue.Announce(ClusterChange.Volume);
        });
}
