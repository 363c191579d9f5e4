using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Pods that want to be near other pods, or away from them; existing pods' wishes count for new pods too.</summary>
public sealed class InterPodAffinity : IFilterPlugin, IScorePlugin
{
    // An existing pod that requires nearness is glad of one more match, as if it preferred it with this weight.
    private const int HardAffinityWeight = 1;

    public string Name => "InterPodAffinity";

    public int Weight => 2;

    public ClusterChange Unblocks =>
        ClusterChange.Node | ClusterChange.PodGone | ClusterChange.PodPlaced | ClusterChange.NamespaceLabels;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster)
    {
        var repelled = RepelledByExisting(pod, cluster);
        var own = pod.Affinity;
        if (repelled.IsEmpty && own.RequiredAffinity.Length == 0 && own.RequiredAntiAffinity.Length == 0)
        {
            return null;
        }

        var near = MatchingAll(own.RequiredAffinity, cluster);
        var away = MatchingAny(own.RequiredAntiAffinity, cluster);
        var firstOfItsKind = near.All(counts => counts.IsEmpty)
            && own.RequiredAffinity.All(term => term.Means(pod.Namespace, pod.Labels, cluster));
        return node =>
        {
            if (!IsNear(own.RequiredAffinity, near, firstOfItsKind, node))
            {
                return Verdict.Never("node(s) didn't match pod affinity rules");
            }

            for (var i = 0; i < away.Length; i++)
            {
                if (away[i].At(own.RequiredAntiAffinity[i].TopologyKey, node) > 0)
                {
                    return Verdict.No("node(s) didn't match pod anti-affinity rules");
                }
            }

            return !repelled.IsEmpty && repelled.At(node) > 0
                ? Verdict.No("node(s) didn't satisfy existing pods anti-affinity rules")
                : Verdict.Fits;
        };
    }

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        var counts = new TopologyCounts();
        var wishes = pod.Affinity.PreferredAffinity.Length + pod.Affinity.PreferredAntiAffinity.Length > 0;
        foreach (var group in wishes ? cluster.Groups : cluster.GroupsWithAffinity)
        {
            Weigh(pod.Affinity.PreferredAffinity, +1, group, term => term.Means(group, cluster), counts);
            Weigh(pod.Affinity.PreferredAntiAffinity, -1, group, term => term.Means(group, cluster), counts);
            if (group.Affinity != PodAffinity.None)
            {
                bool MeansPod(PodTerm term) => term.Means(pod.Namespace, pod.Labels, cluster);
                Weigh(group.Affinity.PreferredAffinity, +1, group, MeansPod, counts);
                Weigh(group.Affinity.PreferredAntiAffinity, -1, group, MeansPod, counts);
                Weigh(group.Affinity.RequiredAffinity, HardAffinityWeight, group, MeansPod, counts);
            }
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

    private static void Weigh(PodTerm[] terms, int sign, PodGroup group, Func<PodTerm, bool> means, TopologyCounts counts)
    {
        foreach (var term in terms)
        {
            if (means(term))
            {
                foreach (var (node, pods) in group.CountByNode)
                {
                    // Required terms carry no weight of their own.
                    counts.Add(term.TopologyKey, node, (long)sign * Math.Max(1, term.Weight) * pods);
                }
            }
        }
    }

    private static bool IsNear(PodTerm[] terms, TopologyCounts[] near, bool firstOfItsKind, NodeInfo node)
    {
        var all = true;
        for (var i = 0; i < terms.Length; i++)
        {
            if (!node.Labels.ContainsKey(terms[i].TopologyKey))
            {
                return false;
            }

            all &= near[i].At(terms[i].TopologyKey, node) > 0;
        }

        // The first of a set of pods that want to be together may go anywhere.
        return all || firstOfItsKind;
    }

    private static TopologyCounts RepelledByExisting(PodInfo pod, ClusterSnapshot cluster)
    {
        var repelled = new TopologyCounts();
        foreach (var group in cluster.GroupsWithAffinity)
        {
            foreach (var term in group.Affinity.RequiredAntiAffinity)
            {
                if (term.Means(pod.Namespace, pod.Labels, cluster))
                {
                    foreach (var (node, pods) in group.CountByNode)
                    {
                        repelled.Add(term.TopologyKey, node, pods);
                    }
                }
            }
        }

        return repelled;
    }

    private static TopologyCounts[] MatchingAll(PodTerm[] terms, ClusterSnapshot cluster)
    {
        var counts = Array.ConvertAll(terms, _ => new TopologyCounts());
        if (terms.Length == 0)
        {
            return counts;
        }

        foreach (var group in cluster.Groups.Where(group => terms.All(term => term.Means(group, cluster))))
        {
            Count(terms, counts, group);
        }

        return counts;
    }

    private static TopologyCounts[] MatchingAny(PodTerm[] terms, ClusterSnapshot cluster)
    {
        var counts = Array.ConvertAll(terms, _ => new TopologyCounts());
        for (var i = 0; i < terms.Length; i++)
        {
            foreach (var group in cluster.Groups.Where(group => terms[i].Means(group, cluster)))
            {
                Count([terms[i]], [counts[i]], group);
            }
        }

        return counts;
    }

    private static void Count(PodTerm[] terms, TopologyCounts[] counts, PodGroup group)
    {
        foreach (var (node, pods) in group.CountByNode)
        {
            for (var i = 0; i < terms.Length; i++)
            {
                counts[i].Add(terms[i].TopologyKey, node, pods);
            }
        }
    }
}
