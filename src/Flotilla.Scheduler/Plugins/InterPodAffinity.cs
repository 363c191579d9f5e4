using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Pods that want to be near other pods, or away from them; existing pods' wishes count for new pods too.</summary>
/// <param name="hardAffinityWeight">An existing pod that requires nearness is glad of one more match, as if it preferred it with this weight.</param>
/// <param name="ignoresPreferredOfExisting">Preferred terms of existing pods do not count for pods that have none themselves.</param>
public sealed class InterPodAffinity(int hardAffinityWeight = 1, bool ignoresPreferredOfExisting = false) : IFilterPlugin, IScorePlugin
{
    private static readonly Verdict NotNear = Verdict.Never("node(s) didn't match pod affinity rules");
    private static readonly Verdict NotAway = Verdict.No("node(s) didn't match pod anti-affinity rules");
    private static readonly Verdict Repelled = Verdict.No("node(s) didn't satisfy existing pods anti-affinity rules");

    public string Name => "InterPodAffinity";

    public int Weight => 2;

    public ClusterChange Unblocks =>
        ClusterChange.Node | ClusterChange.PodGone | ClusterChange.PodPlaced | ClusterChange.NamespaceLabels | ClusterChange.PodItself;

    /// <summary>A pod that came helps who wants to be near, a pod that went who wants to be away.</summary>
    public bool MayHelp(PodInfo pod, ClusterEvent change) => change.Change switch
    {
        ClusterChange.PodPlaced => pod.Affinity.RequiredAffinity.Length > 0,
        ClusterChange.PodGone => change.Pod is null || pod.Affinity.RequiredAntiAffinity.Length > 0 || change.Pod.Affinity.RequiredAntiAffinity.Length > 0,
        _ => true,
    };

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        var own = pod.Affinity;
        var repelled = RepelledByExisting(pod, cluster);
        if (repelled.IsEmpty && own.RequiredAffinity.Length == 0 && own.RequiredAntiAffinity.Length == 0)
        {
            return null;
        }

        var near = MatchingAll(own.RequiredAffinity, cluster);
        var away = MatchingAny(own.RequiredAntiAffinity, cluster);
        var firstOfItsKind = near.IsEmpty && own.RequiredAffinity.All(term => term.Means(pod.Namespace, pod.Labels, cluster));
        return node =>
            !IsNear(own.RequiredAffinity, near, firstOfItsKind, node) ? NotNear
            : !away.IsEmpty && !IsAway(own.RequiredAntiAffinity, away, node) ? NotAway
            : !repelled.IsEmpty && repelled.At(node) > 0 ? Repelled
            : Verdict.Fits;
    }

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        var counts = new TopologyCounts();
        AddWishes(pod.Affinity.PreferredAffinity, +1, counts, cluster);
        AddWishes(pod.Affinity.PreferredAntiAffinity, -1, counts, cluster);
        var hasWishes = pod.Affinity.PreferredAffinity.Length + pod.Affinity.PreferredAntiAffinity.Length > 0;
        if (hasWishes || !ignoresPreferredOfExisting)
        {
            AddWishesOfExisting(pod, counts, cluster);
        }

        if (counts.IsEmpty)
        {
            return false;
        }

        for (var i = 0; i < nodes.Length; i++)
        {
            scores[i] = counts.At(nodes[i]);
        }

        ScoreRange.ByDistance(scores);
        return true;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster)
    {
        var missing = pod.Affinity.RequiredAffinity.Concat(pod.Affinity.RequiredAntiAffinity)
            .Where(term => !node.Labels.ContainsKey(term.TopologyKey)).Select(term => $"label the node with {term.TopologyKey}").FirstOrDefault();
        if (missing is not null && pod.Affinity.RequiredAffinity.Length > 0)
        {
            return missing;
        }

        if (!IsNear(pod.Affinity.RequiredAffinity, MatchingAll(pod.Affinity.RequiredAffinity, cluster), firstOfItsKind: false, node))
        {
            return "run a pod that its affinity asks for in the same " + string.Join(", ", pod.Affinity.RequiredAffinity.Select(term => term.TopologyKey).Distinct(StringComparer.Ordinal));
        }

        return "move the pods that keep it away: " + string.Join(", ", Conflicting(pod, node, cluster).Take(3).DefaultIfEmpty("none now"));
    }

    private static IEnumerable<string> Conflicting(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) =>
        from other in cluster.Nodes.SelectMany(one => one.Pods.Values.Select(there => (Node: one, Pod: there)))
        where pod.Affinity.RequiredAntiAffinity.Any(term => Shares(term, other.Node, node) && term.Means(other.Pod.Namespace, other.Pod.Labels, cluster))
            || other.Pod.Affinity.RequiredAntiAffinity.Any(term => Shares(term, other.Node, node) && term.Means(pod.Namespace, pod.Labels, cluster))
        select $"{other.Pod.Key} on {other.Node.Name}";

    private static bool Shares(PodTerm term, NodeInfo one, NodeInfo other) =>
        one.Labels.TryGetValue(term.TopologyKey, out var value) && other.Labels.TryGetValue(term.TopologyKey, out var same) && value == same;

    private static void AddWishes(PodTerm[] terms, int sign, TopologyCounts counts, ClusterSnapshot cluster)
    {
        foreach (var term in terms)
        {
            foreach (var group in cluster.GroupsMeantBy(term))
            {
                counts.Add(term.TopologyKey, group, sign * term.Weight);
            }
        }
    }

    private void AddWishesOfExisting(PodInfo pod, TopologyCounts counts, ClusterSnapshot cluster)
    {
        foreach (var group in cluster.GroupsWithAffinity)
        {
            Add(group.Affinity.PreferredAffinity, +1, null);
            Add(group.Affinity.PreferredAntiAffinity, -1, null);
            if (hardAffinityWeight > 0)
            {
                Add(group.Affinity.RequiredAffinity, +1, hardAffinityWeight);
            }

            void Add(PodTerm[] terms, int sign, int? weight)
            {
                foreach (var term in terms)
                {
                    if (term.Means(pod.Namespace, pod.Labels, cluster))
                    {
                        counts.Add(term.TopologyKey, group, sign * (weight ?? term.Weight));
                    }
                }
            }
        }
    }

    private static bool IsNear(PodTerm[] terms, TopologyCounts near, bool firstOfItsKind, NodeInfo node)
    {
        var all = true;
        foreach (var term in terms)
        {
            if (!node.Labels.TryGetValue(term.TopologyKey, out var value))
            {
                return false;
            }

            all = all && near.At(term.TopologyKey, value) > 0;
        }

        return all || firstOfItsKind;
    }

    private static bool IsAway(PodTerm[] terms, TopologyCounts away, NodeInfo node)
    {
        foreach (var term in terms)
        {
            if (away.At(term.TopologyKey, node) > 0)
            {
                return false;
            }
        }

        return true;
    }

    private static TopologyCounts RepelledByExisting(PodInfo pod, ClusterSnapshot cluster)
    {
        var counts = new TopologyCounts();
        foreach (var group in cluster.GroupsWithAffinity)
        {
            foreach (var term in group.Affinity.RequiredAntiAffinity)
            {
                if (term.Means(pod.Namespace, pod.Labels, cluster))
                {
                    counts.Add(term.TopologyKey, group);
                }
            }
        }

        return counts;
    }

    private static TopologyCounts MatchingAll(PodTerm[] terms, ClusterSnapshot cluster)
    {
        var counts = new TopologyCounts();
        if (terms.Length > 0)
        {
            foreach (var group in cluster.GroupsMeantBy(terms[0]).Where(group => terms.All(term => term.Means(group, cluster))))
            {
                foreach (var key in terms.Select(term => term.TopologyKey).Distinct(StringComparer.Ordinal))
                {
                    counts.Add(key, group);
                }
            }
        }

        return counts;
    }

    private static TopologyCounts MatchingAny(PodTerm[] terms, ClusterSnapshot cluster)
    {
        var counts = new TopologyCounts();
        foreach (var term in terms)
        {
            foreach (var group in cluster.GroupsMeantBy(term))
            {
                counts.Add(term.TopologyKey, group);
            }
        }

        return counts;
    }
}
