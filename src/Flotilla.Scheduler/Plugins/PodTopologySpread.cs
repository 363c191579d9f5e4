using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>
/// Keeps like pods evenly over zones, nodes or any other topology: <c>DoNotSchedule</c> constraints filter,
/// <c>ScheduleAnyway</c> ones (and the system's own for workloads that set none) score.
/// </summary>
public sealed class PodTopologySpread : IFilterPlugin, IScorePlugin
{
    private const string Zone = "topology.kubernetes.io/zone";

    public string Name => "PodTopologySpread";

    public int Weight => 2;

    public ClusterChange Unblocks =>
        ClusterChange.Node | ClusterChange.PodGone | ClusterChange.PodPlaced;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster)
    {
        var constraints = SpreadConstraint.Of(pod, "DoNotSchedule");
        if (constraints.Length == 0)
        {
            return null;
        }

        var counts = Array.ConvertAll(constraints, constraint => Count(pod, constraint, constraints, cluster));
        return node => Judge(pod, constraints, counts, node);
    }

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        var constraints = SpreadConstraint.Of(pod, "ScheduleAnyway");
        var isDefault = (pod.Pod.Spec.TopologySpreadConstraints ?? []).Count == 0;
        if (isDefault)
        {
            constraints = Defaults(pod, cluster);
        }

        if (constraints.Length == 0)
        {
            return false;
        }

        // The defaults tolerate nodes without a zone; constraints of the pod's own do not.
        var required = isDefault ? [] : constraints;
        foreach (var constraint in constraints)
        {
            Add(pod, cluster, constraint, required, nodes, scores);
        }

        Normalize(nodes, scores, required);
        return true;
    }

    private static Verdict Judge(PodInfo pod, SpreadConstraint[] constraints, Dictionary<string, int>[] counts, NodeInfo node)
    {
        for (var i = 0; i < constraints.Length; i++)
        {
            if (!node.Labels.TryGetValue(constraints[i].TopologyKey, out var domain))
            {
                return Verdict.Never("node(s) didn't match pod topology spread constraints (missing required label)");
            }

            // Fewer domains than wanted counts as if one were empty, so that new domains are waited for.
            var lowest = counts[i].Count == 0 || counts[i].Count < constraints[i].MinDomains ? 0 : counts[i].Values.Min();
            var self = constraints[i].Pods.Matches(pod.Labels) ? 1 : 0;
            if (counts[i].GetValueOrDefault(domain) + self - lowest > constraints[i].MaxSkew)
            {
                return Verdict.No("node(s) didn't match pod topology spread constraints");
            }
        }

        return Verdict.Fits;
    }

    private static Dictionary<string, int> Count(
        PodInfo pod, SpreadConstraint constraint, SpreadConstraint[] all, ClusterSnapshot cluster)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        var eligible = Eligible(pod, constraint);
        foreach (var node in cluster.Nodes)
        {
            if (HasAll(node, all) && eligible(node))
            {
                counts.TryAdd(node.Labels[constraint.TopologyKey], 0);
            }
        }

        foreach (var group in cluster.GroupsIn(pod.Namespace).Where(constraint.Counts))
        {
            foreach (var (node, pods) in group.CountByNode)
            {
                if (node.Exists && HasAll(node, all) && eligible(node))
                {
                    counts[node.Labels[constraint.TopologyKey]] += pods;
                }
            }
        }

        return counts;
    }

    private static Func<NodeInfo, bool> Eligible(PodInfo pod, SpreadConstraint constraint)
    {
        var affinity = constraint.HonorAffinity ? NodeAffinity.Required(pod) : null;
        return node => (affinity?.Invoke(node) ?? true)
            && (!constraint.HonorTaints || node.Taints.All(taint =>
                taint.Effect == "PreferNoSchedule" || Tolerations.Tolerate(pod.Tolerations, taint)));
    }

    private static bool HasAll(NodeInfo node, SpreadConstraint[] constraints)
    {
        foreach (var constraint in constraints)
        {
            if (!node.Labels.ContainsKey(constraint.TopologyKey))
            {
                return false;
            }
        }

        return true;
    }

    private static SpreadConstraint[] Defaults(PodInfo pod, ClusterSnapshot cluster) =>
        cluster.Workloads.SelectorFor(pod) is not { } selector
            ? []
            :
            [
                new SpreadConstraint(SpreadConstraint.Hostname, 3, selector, 1, HonorAffinity: true, HonorTaints: false),
                new SpreadConstraint(Zone, 5, selector, 1, HonorAffinity: true, HonorTaints: false),
            ];

    private static void Add(
        PodInfo pod, ClusterSnapshot cluster, SpreadConstraint constraint, SpreadConstraint[] required,
        ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var node in nodes)
        {
            if (HasAll(node, required) && node.Labels.TryGetValue(constraint.TopologyKey, out var domain))
            {
                counts.TryAdd(domain, 0);
            }
        }

        var eligible = Eligible(pod, constraint);
        foreach (var group in cluster.GroupsIn(pod.Namespace).Where(constraint.Counts))
        {
            foreach (var (node, pods) in group.CountByNode)
            {
                if (node.Exists && HasAll(node, required) && eligible(node)
                    && node.Labels.TryGetValue(constraint.TopologyKey, out var domain) && counts.ContainsKey(domain))
                {
                    counts[domain] += pods;
                }
            }
        }

        // More domains mean smaller counts: the logarithm keeps constraints over few and many domains comparable.
        var weight = Math.Log(counts.Count + 2);
        for (var i = 0; i < nodes.Length; i++)
        {
            if (nodes[i].Labels.TryGetValue(constraint.TopologyKey, out var domain) && counts.TryGetValue(domain, out var pods))
            {
                scores[i] += (pods * weight) + (constraint.MaxSkew - 1);
            }
        }
    }

    private static void Normalize(ReadOnlySpan<NodeInfo> nodes, Span<double> scores, SpreadConstraint[] required)
    {
        double lowest = double.MaxValue, highest = 0;
        for (var i = 0; i < nodes.Length; i++)
        {
            if (HasAll(nodes[i], required))
            {
                scores[i] = Math.Round(scores[i]);
                lowest = Math.Min(lowest, scores[i]);
                highest = Math.Max(highest, scores[i]);
            }
        }

        for (var i = 0; i < nodes.Length; i++)
        {
            scores[i] = !HasAll(nodes[i], required) ? 0
                : highest == 0 ? ScoreRange.Max
                : ScoreRange.Max * (highest + lowest - scores[i]) / highest;
        }
    }
}
