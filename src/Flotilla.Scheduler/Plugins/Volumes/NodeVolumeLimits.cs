using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>A driver attaches only so many volumes to a node; one that several pods share counts once.</summary>
public sealed class NodeVolumeLimits : IFilterPlugin
{
    public string Name => "NodeVolumeLimits";

    public ClusterChange Unblocks => ClusterChange.PodGone | ClusterChange.Volume;

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var catalog = cycle.Cluster.Volumes;
        var wanted = VolumesOf(cycle.Pod, catalog).Distinct().ToArray();
        return wanted.Length == 0 ? null : node => Fits(node, wanted, catalog) ? Verdict.Fits : Verdict.No("node(s) exceed max volume count");
    }

    private static bool Fits(NodeInfo node, (string Driver, string Volume)[] wanted, VolumeCatalog catalog)
    {
        if (!catalog.DriverNodes.TryGetValue(node.Name, out var described))
        {
            return true;
        }

        var limits = (described.Spec.Drivers ?? [])
            .Where(driver => driver.Allocatable?.Count is not null && wanted.Any(one => one.Driver == driver.Name))
            .ToDictionary(driver => driver.Name, driver => driver.Allocatable.Count!.Value, StringComparer.Ordinal);
        if (limits.Count == 0)
        {
            return true;
        }

        var present = node.Pods.Values.SelectMany(pod => VolumesOf(pod, catalog)).ToHashSet();
        return limits.All(limit =>
            wanted.Count(one => one.Driver == limit.Key && !present.Contains(one)) is var added
            && (added == 0 || present.Count(one => one.Driver == limit.Key) + added <= limit.Value));
    }

    // A claim without a volume will have one: until then it counts by its own name.
    private static IEnumerable<(string Driver, string Volume)> VolumesOf(PodInfo pod, VolumeCatalog catalog)
    {
        foreach (var volume in pod.Pod.Spec.Volumes ?? [])
        {
            if (pod.Pod.ClaimName(volume) is not { } name || catalog.Claim(new ObjectKey(pod.Namespace, name)) is not { } claim)
            {
                continue;
            }

            if (string.IsNullOrEmpty(claim.Spec.VolumeName) || catalog.Volume(claim.Spec.VolumeName) is not { } persistent)
            {
                if (catalog.ClassOf(claim) is { } storageClass)
                {
                    yield return (storageClass.Provisioner, $"{storageClass.Provisioner}-{pod.Namespace}/{name}");
                }
            }
            else if (persistent.Spec.Csi is { } csi)
            {
                yield return (csi.Driver, csi.VolumeHandle);
            }
        }
    }
}
