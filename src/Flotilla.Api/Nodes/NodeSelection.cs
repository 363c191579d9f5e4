using System.Globalization;
using k8s.Models;

namespace Flotilla.Api.Nodes;

/// <summary>Whether a node is one of those a pod asks for, by its selector and its required affinity. Pure.</summary>
public static class NodeSelection
{
    public static bool Matches(V1PodSpec pod, V1Node node)
    {
        var required = pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution;
        return (pod.NodeSelector is null || pod.NodeSelector.All(wanted => Label(node, wanted.Key) == wanted.Value))
            && (required is null || Matches(required, node));
    }

    public static bool Matches(V1NodeSelector selector, V1Node node) => (selector.NodeSelectorTerms ?? []).Any(term => Matches(term, node));

    // A term that asks for nothing selects nothing.
    private static bool Matches(V1NodeSelectorTerm term, V1Node node) =>
        (term.MatchExpressions is { Count: > 0 } || term.MatchFields is { Count: > 0 })
        && (term.MatchExpressions ?? []).All(wanted => Matches(wanted, Label(node, wanted.Key)))
        && (term.MatchFields ?? []).All(wanted => wanted.Key == "metadata.name" && Matches(wanted, node.Metadata.Name));

    private static string? Label(V1Node node, string key) =>
        node.Metadata.Labels is { } labels && labels.TryGetValue(key, out var value) ? value : null;

    private static bool Matches(V1NodeSelectorRequirement wanted, string? value) => wanted.OperatorProperty switch
    {
        "In" => value is not null && wanted.Values.Contains(value),
        "NotIn" => value is null || !wanted.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, wanted.Values) > 0,
        "Lt" => Compare(value, wanted.Values) < 0,
        _ => false,
    };

    // null: they are not both numbers.
    private static int? Compare(string? value, IList<string> wanted) =>
        long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
        && wanted.Count == 1 && long.TryParse(wanted[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
            ? left.CompareTo(right)
            : null;
}
