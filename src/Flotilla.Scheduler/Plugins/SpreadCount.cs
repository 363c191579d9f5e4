using Flotilla.Api.Nodes;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>How the pods that a constraint counts are spread now.</summary>
internal sealed class SpreadCount
{
    private readonly Dictionary<string, long> counts = new(StringComparer.Ordinal);
    private readonly int self;

    /// <param name="all">A node counts only if it has the labels of all the pod's constraints.</param>
    public SpreadCount(SchedulingCycle cycle, SpreadConstraint constraint, SpreadConstraint[] all)
    {
        Constraint = constraint;
        self = constraint.Pods.Matches(cycle.Pod.Labels) ? 1 : 0;
        var pods = constraint.Counted(cycle.Pod, cycle.Cluster);
        if (Eligible(cycle, constraint, all) is { } eligible)
        {
            Count(cycle, pods, eligible);
        }
        else
        {
            Count(cycle, pods);
        }

        // Fewer domains than wanted counts as if one were empty, so that new domains are waited for.
        Lowest = counts.Count == 0 || counts.Count < constraint.MinDomains ? 0 : counts.Values.Min();
    }

    public SpreadConstraint Constraint { get; }

    public long Lowest { get; }

    public long At(string domain) => counts.GetValueOrDefault(domain);

    public long SkewWith(string domain) => At(domain) + self - Lowest;

    /// <summary>Which nodes count; null when all do.</summary>
    public static Func<NodeInfo, bool>? Eligible(SchedulingCycle cycle, SpreadConstraint constraint, SpreadConstraint[] all)
    {
        var affinity = constraint.HonorAffinity ? NodeAffinity.Required(cycle.Pod) : null;
        if (affinity is null && !constraint.HonorTaints && all.All(one => cycle.Cluster.Topology.Of(one.TopologyKey).CoverAll))
        {
            return null;
        }

        var tolerations = cycle.Pod.Tolerations;
        return node => HasAll(node, all)
            && (affinity?.Invoke(node) ?? true)
            && (!constraint.HonorTaints || node.Taints.All(taint => taint.Effect == "PreferNoSchedule" || Tolerations.Tolerate(tolerations, taint)));
    }

    public static bool HasAll(NodeInfo node, SpreadConstraint[] constraints)
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

    private void Count(SchedulingCycle cycle, PodGroup counted)
    {
        foreach (var domain in cycle.Cluster.Topology.Of(Constraint.TopologyKey).Values)
        {
            counts.Add(domain, 0);
        }

        foreach (var (domain, pods) in counted.CountByDomain(Constraint.TopologyKey))
        {
            counts[domain] = counts.GetValueOrDefault(domain) + pods;
        }
    }

    private void Count(SchedulingCycle cycle, PodGroup counted, Func<NodeInfo, bool> eligible)
    {
        foreach (var node in cycle.Cluster.Nodes)
        {
            if (eligible(node))
            {
                counts.TryAdd(node.Labels[Constraint.TopologyKey], 0);
            }
        }

        foreach (var (node, pods) in counted.CountByNode)
        {
            if (node.Exists && eligible(node))
            {
                counts[node.Labels[Constraint.TopologyKey]] += pods;
            }
        }
    }
}
