using Flotilla.Api;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>A pod waits for its claims to exist and be bound, and follows its volumes to the nodes that can reach them.</summary>
public sealed class VolumeBinding : IPreFilterPlugin, IFilterPlugin
{
    public string Name => "VolumeBinding";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.Volume;

    public PreFilterResult PreFilter(SchedulingCycle cycle)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        foreach (var name in ClaimNames(pod.Pod))
        {
            if (cluster.Volumes.Claim(new ObjectKey(pod.Namespace, name)) is not { } claim)
            {
                return Verdict.Never($"persistentvolumeclaim \"{name}\" not found");
            }

            if (claim.Status?.Phase == "Lost")
            {
                return Verdict.Never($"persistentvolumeclaim \"{name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\"");
            }

            if (claim.Metadata.DeletionTimestamp is not null)
            {
                return Verdict.Never($"persistentvolumeclaim \"{name}\" is being deleted");
            }

            if (string.IsNullOrEmpty(claim.Spec.VolumeName))
            {
                return Verdict.Never("pod has unbound immediate PersistentVolumeClaims");
            }
        }

        return PreFilterResult.AllNodes;
    }

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        var demands = ClaimNames(pod.Pod)
            .Select(name => cluster.Volumes.Claim(new ObjectKey(pod.Namespace, name))?.Spec.VolumeName)
            .Select(volume => volume is null ? null : NodeMatcher.From(cluster.Volumes.Volume(volume)?.Spec.NodeAffinity?.Required))
            .OfType<NodeMatcher>()
            .ToArray();
        return demands.Length == 0
            ? null
            : node => demands.All(demand => demand.Matches(node))
                ? Verdict.Fits
                : Verdict.Never("node(s) didn't match PersistentVolume's node affinity");
    }

    private static IEnumerable<string> ClaimNames(V1Pod pod)
    {
        foreach (var volume in pod.Spec.Volumes ?? [])
        {
            if (volume.PersistentVolumeClaim is { } claim)
            {
                yield return claim.ClaimName;
            }
            else if (volume.Ephemeral is not null)
            {
                yield return $"{pod.Metadata.Name}-{volume.Name}";
            }
        }
    }
}
