using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>A node selector: any of its terms, each of which is all of its labels and fields.</summary>
public sealed class NodeMatcher(IReadOnlyList<NodeMatcher.Term> terms)
{
    public IReadOnlyList<Term> Terms => terms;

    public static NodeMatcher? From(V1NodeSelector? selector) =>
        selector is null ? null : new NodeMatcher([.. (selector.NodeSelectorTerms ?? []).Select(Term.From)]);

    public bool Matches(NodeInfo node)
    {
        foreach (var term in terms)
        {
            if (term.Matches(node))
            {
                return true;
            }
        }

        return false;
    }

    public sealed record Term(LabelMatcher Labels, LabelMatcher Fields)
    {
        // A term without any requirement matches no node.
        private bool IsEmpty => Labels.Requirements.Count == 0 && Fields.Requirements.Count == 0;

        public static Term From(V1NodeSelectorTerm term) => new(Compile(term.MatchExpressions), Compile(term.MatchFields));

        public bool Matches(NodeInfo node) =>
            !IsEmpty && Labels.Matches(node.Labels) && (Fields.Requirements.Count == 0 || Fields.Matches(node.Fields));

        private static LabelMatcher Compile(IList<V1NodeSelectorRequirement>? requirements) =>
            new([.. (requirements ?? []).Select(one =>
                new LabelMatcher.Requirement(one.Key, one.OperatorProperty, [.. one.Values ?? []]))]);
    }
}
