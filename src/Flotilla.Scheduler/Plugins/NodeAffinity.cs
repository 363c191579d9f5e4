using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>The pod's <c>nodeSelector</c> and node affinity.</summary>
/// <param name="added">Required and preferred affinity that the configuration adds to every pod.</param>
public sealed class NodeAffinity(V1NodeAffinity? added = null) : IPreFilterPlugin, ILocalFilterPlugin, IScorePlugin
{
    private static readonly Verdict Mismatch = Verdict.Never("node(s) didn't match Pod's node affinity/selector");
    private static readonly Verdict NotEnforced = Verdict.Never("node(s) didn't match scheduler-enforced node affinity");
    private readonly NodeMatcher? enforced = NodeMatcher.From(added?.RequiredDuringSchedulingIgnoredDuringExecution);

    public string Name => "NodeAffinity";

    public int Weight => 2;

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodItself;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        var spec = pod.Pod.Spec;
        signature.AddObject(spec.NodeSelector is { Count: > 0 } selector ? selector : null);
        signature.AddObject(spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution);
        return true;
    }

    public bool MayHelp(PodInfo pod, ClusterEvent change)
    {
        if (change.Node is null)
        {
            return true;
        }

        var node = new NodeInfo(change.Node.Metadata.Name);
        node.Set(change.Node);
        return (enforced?.Matches(node) ?? true) && (Required(pod)?.Invoke(node) ?? true);
    }

    /// <summary>The pod's hard demands on nodes compiled, or null when it has none. Also used by topology spread.</summary>
    public static Func<NodeInfo, bool>? Required(PodInfo pod)
    {
        var spec = pod.Pod.Spec;
        var selector = spec.NodeSelector is { Count: > 0 } labels ? LabelMatcher.Equal(labels) : null;
        var affinity = NodeMatcher.From(spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution);
        if (selector is null && affinity is null)
        {
            return null;
        }

        return node => (selector?.Matches(node.Labels) ?? true) && (affinity?.Matches(node) ?? true);
    }

    /// <summary>When every alternative names its nodes, the others need not be looked at.</summary>
    public PreFilterResult PreFilter(SchedulingCycle cycle)
    {
        var terms = cycle.Pod.Pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        if (terms is not { Count: > 0 })
        {
            return PreFilterResult.AllNodes;
        }

        HashSet<string> names = new(StringComparer.Ordinal);
        foreach (var term in terms)
        {
            if (NamedBy(term) is not { } named)
            {
                return PreFilterResult.AllNodes;
            }

            names.UnionWith(named);
        }

        return names.Count == 0 ? Verdict.Never("pod affinity terms conflict") : new PreFilterResult(Verdict.Fits, names);
    }

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var matches = Required(cycle.Pod);
        return matches is null && enforced is null
            ? null
            : node => enforced?.Matches(node) == false ? NotEnforced : matches?.Invoke(node) == false ? Mismatch : Verdict.Fits;
    }

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        var preferred = cycle.Pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution ?? [];
        var enforcedToo = added?.PreferredDuringSchedulingIgnoredDuringExecution ?? [];
        if (preferred.Count + enforcedToo.Count == 0)
        {
            return false;
        }

        foreach (var wish in preferred.Concat(enforcedToo))
        {
            var term = NodeMatcher.Term.From(wish.Preference);
            for (var i = 0; i < nodes.Length; i++)
            {
                scores[i] += term.Matches(nodes[i]) ? wish.Weight : 0;
            }
        }

        ScoreRange.ByHighest(scores);
        return true;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster)
    {
        var selector = (pod.Pod.Spec.NodeSelector ?? new Dictionary<string, string>(StringComparer.Ordinal))
            .Where(label => !node.Labels.TryGetValue(label.Key, out var value) || value != label.Value)
            .Select(label => $"{label.Key}={label.Value}")
            .ToList();
        return selector.Count > 0 ? $"label the node {string.Join(", ", selector)}" : "match the pod's required node affinity";
    }

    private static HashSet<string>? NamedBy(V1NodeSelectorTerm term)
    {
        HashSet<string>? names = null;
        foreach (var field in (term.MatchFields ?? []).Where(one => one is { Key: "metadata.name", OperatorProperty: "In" }))
        {
            names = names is null ? new(field.Values, StringComparer.Ordinal) : [.. names.Intersect(field.Values, StringComparer.Ordinal)];
        }

        return names;
    }
}
