using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>A pod goes only where its volumes' labels say that their zone is. A node that names no zone is anywhere.</summary>
public sealed class VolumeZone : IFilterPlugin
{
    private const string Separator = "__";

    private static readonly string[] Zones =
    [
        "topology.kubernetes.io/zone", "topology.kubernetes.io/region", "failure-domain.beta.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
    ];

    public string Name => "VolumeZone";

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.Volume;

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var demands = Demands(cycle.Pod, cycle.Cluster.Volumes).ToArray();
        return demands.Length == 0
            ? null
            : node => !Zones.Any(node.Labels.ContainsKey) || demands.All(demand => IsThere(demand, node))
                ? Verdict.Fits
                : Verdict.Never("node(s) had no available volume zone");
    }

    private static bool IsThere((string Label, string[] Values) demand, NodeInfo node) =>
        (node.Labels.TryGetValue(demand.Label, out var value) || node.Labels.TryGetValue(Current(demand.Label), out value)) && demand.Values.Contains(value, StringComparer.Ordinal);

    private static string Current(string label) => label.Replace("failure-domain.beta.kubernetes.io/", "topology.kubernetes.io/", StringComparison.Ordinal);

    private static IEnumerable<(string Label, string[] Values)> Demands(PodInfo pod, VolumeCatalog catalog) =>
        from volume in pod.Pod.Spec.Volumes ?? []
        let claimName = pod.Pod.ClaimName(volume)
        where claimName is not null
        let name = catalog.Claim(new ObjectKey(pod.Namespace, claimName))?.Spec.VolumeName
        where !string.IsNullOrEmpty(name)
        from label in catalog.Volume(name)?.Metadata.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal)
        where Zones.Contains(label.Key, StringComparer.Ordinal)
        select (label.Key, label.Value.Split(Separator));
}
