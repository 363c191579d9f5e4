using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>The pod's <c>nodeSelector</c> and node affinity.</summary>
public sealed class NodeAffinity : IFilterPlugin, IScorePlugin
{
    public string Name => "NodeAffinity";

    public int Weight => 2;

    public ClusterChange Unblocks => ClusterChange.Node;

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

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster) =>
        Required(pod) is not { } matches
            ? null
            : node => matches(node) ? Verdict.Fits : Verdict.Never("node(s) didn't match Pod's node affinity/selector");

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        var preferred = pod.Pod.Spec.Affinity?.NodeAffinity?.PreferredDuringSchedulingIgnoredDuringExecution;
        if (preferred is not { Count: > 0 })
        {
            return false;
        }

        foreach (var wish in preferred)
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
}
