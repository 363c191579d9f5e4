using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>Volumes that only one pod, or only one writer on a node, may have.</summary>
public sealed class VolumeRestrictions : IFilterPlugin
{
    private const string OnePod = "ReadWriteOncePod";

    public string Name => "VolumeRestrictions";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodGone | ClusterChange.Volume;

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var pod = cycle.Pod;
        var disks = (pod.Pod.Spec.Volumes ?? []).Where(IsDisk).ToArray();
        var isTaken = IsExclusiveTaken(cycle);
        if (disks.Length == 0 && !isTaken)
        {
            return null;
        }

        return node =>
            disks.Any(disk => node.Pods.Values.Any(other => (other.Pod.Spec.Volumes ?? []).Any(theirs => Collide(disk, theirs)))) ? Verdict.No("node(s) had no available disk")
            : isTaken ? Verdict.No("node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode")
            : Verdict.Fits;
    }

    /// <summary>Whether some pod has one of the pod's exclusive claims; looked for only when it has such a claim.</summary>
    private static bool IsExclusiveTaken(SchedulingCycle cycle)
    {
        var exclusive = ClaimsOf(cycle.Pod)
            .Where(name => cycle.Cluster.Volumes.Claim(new ObjectKey(cycle.Pod.Namespace, name))?.Spec.AccessModes?.Contains(OnePod) == true)
            .ToHashSet(StringComparer.Ordinal);
        return exclusive.Count > 0 && cycle.Cluster.Nodes
            .Any(node => node.Pods.Values.Any(other => other.Namespace == cycle.Pod.Namespace && ClaimsOf(other).Any(exclusive.Contains)));
    }

    private static IEnumerable<string> ClaimsOf(PodInfo pod) => (pod.Pod.Spec.Volumes ?? []).Select(pod.Pod.ClaimName).OfType<string>();

    private static bool IsDisk(V1Volume volume) =>
        volume.GcePersistentDisk is not null || volume.AwsElasticBlockStore is not null || volume.Iscsi is not null || volume.Rbd is not null;

    private static bool Collide(V1Volume ours, V1Volume theirs) =>
        (ours.GcePersistentDisk is { } disk && theirs.GcePersistentDisk is { } otherDisk
            && disk.PdName == otherDisk.PdName && !(disk.ReadOnlyProperty == true && otherDisk.ReadOnlyProperty == true))
        || (ours.AwsElasticBlockStore is { } block && theirs.AwsElasticBlockStore is { } otherBlock && block.VolumeID == otherBlock.VolumeID)
        || (ours.Iscsi is { } target && theirs.Iscsi is { } otherTarget
            && target.Iqn == otherTarget.Iqn && !(target.ReadOnlyProperty == true && otherTarget.ReadOnlyProperty == true))
        || (ours.Rbd is { } image && theirs.Rbd is { } otherImage
            && image.Monitors.Intersect(otherImage.Monitors, StringComparer.Ordinal).Any()
            && image.Pool == otherImage.Pool && image.Image == otherImage.Image
            && !(image.ReadOnlyProperty == true && otherImage.ReadOnlyProperty == true));
}
