using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>One compiled (anti-)affinity term: which pods it means, and over which topology.</summary>
public sealed record PodTerm(
    string TopologyKey,
    LabelMatcher Pods,
    IReadOnlySet<string> Namespaces,
    LabelMatcher? NamespaceLabels,
    int Weight = 0)
{
    public bool Means(PodGroup group, ClusterSnapshot cluster) => Means(group.Namespace, group.Labels, cluster);

    public bool Means(string podNamespace, IReadOnlyDictionary<string, string> labels, ClusterSnapshot cluster) =>
        (Namespaces.Contains(podNamespace) || (NamespaceLabels?.Matches(cluster.NamespaceLabels(podNamespace)) ?? false))
        && Pods.Matches(labels);

    public static PodTerm From(V1PodAffinityTerm term, string podNamespace, IReadOnlyDictionary<string, string> podLabels, int weight = 0)
    {
        // The API server merges matchLabelKeys into the selector when the pod is created; terms that name them
        // without a merged selector (older objects) get the same meaning here.
        var pods = LabelMatcher.From(term.LabelSelector)
            .And(Own(term.MatchLabelKeys, podLabels, "In"))
            .And(Own(term.MismatchLabelKeys, podLabels, "NotIn"));
        HashSet<string> namespaces = new(term.Namespaces ?? [], StringComparer.Ordinal);
        if (namespaces.Count == 0 && term.NamespaceSelector is null)
        {
            namespaces.Add(podNamespace);
        }

        var byLabel = term.NamespaceSelector is null ? null : LabelMatcher.From(term.NamespaceSelector);
        return new PodTerm(term.TopologyKey, pods, namespaces, byLabel, weight);
    }

    private static IEnumerable<LabelMatcher.Requirement> Own(
        IList<string>? keys, IReadOnlyDictionary<string, string> labels, string meaning) =>
        (keys ?? []).Where(labels.ContainsKey).Select(key => new LabelMatcher.Requirement(key, meaning, [labels[key]]));
}
