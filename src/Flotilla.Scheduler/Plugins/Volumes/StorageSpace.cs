using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>What drivers publish about the room they have for new volumes. Drivers that publish nothing are trusted.</summary>
internal static class StorageSpace
{
    public static bool IsEnough(VolumeCatalog catalog, V1StorageClass storageClass, V1PersistentVolumeClaim claim, NodeInfo node) =>
        !catalog.Drivers.TryGetValue(storageClass.Provisioner, out var driver)
        || driver.Spec.StorageCapacity != true
        || catalog.Capacities.Values.Any(capacity =>
            capacity.StorageClassName == storageClass.Metadata.Name
            && Holds(capacity, claim.RequestedBytes())
            && LabelMatcher.From(capacity.NodeTopology).Matches(node.Labels));

    private static bool Holds(V1CSIStorageCapacity capacity, decimal bytes) =>
        (capacity.MaximumVolumeSize ?? capacity.Capacity)?.ToDecimal() >= bytes;
}
