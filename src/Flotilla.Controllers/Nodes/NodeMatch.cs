using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

/// <summary>Whether a pod's own demands allow a node.</summary>
internal static class NodeMatch
{
    public static bool Allows(V1PodSpec pod, V1Node node)
    {
        if (!string.IsNullOrEmpty(pod.NodeName) && pod.NodeName != node.Metadata.Name)
        {
            return false;
        }

        if (pod.NodeSelector is { } selector && !TypedSelector.Matches(selector, node.Metadata.Labels))
        {
            return false;
        }

        return pod.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution is not { } required
            || required.NodeSelectorTerms.Any(term => Matches(term, node));
    }

    private static bool Matches(V1NodeSelectorTerm term, V1Node node)
    {
        var expressions = term.MatchExpressions ?? [];
        var fields = term.MatchFields ?? [];
        return expressions.Count + fields.Count > 0
            && expressions.All(requirement => Matches(requirement, Label(node, requirement.Key)))
            && fields.All(requirement => requirement.Key == "metadata.name" && Matches(requirement, node.Metadata.Name));
    }

    private static string? Label(V1Node node, string key) =>
        node.Metadata.Labels is { } labels && labels.TryGetValue(key, out var value) ? value : null;

    private static bool Matches(V1NodeSelectorRequirement requirement, string? value) => requirement.OperatorProperty switch
    {
        "In" => value is not null && requirement.Values.Contains(value),
        "NotIn" => value is null || !requirement.Values.Contains(value),
        "Exists" => value is not null,
        "DoesNotExist" => value is null,
        "Gt" => Compare(value, requirement.Values[0]) > 0,
        "Lt" => Compare(value, requirement.Values[0]) < 0,
        _ => false,
    };

    private static int Compare(string? left, string right) =>
        long.TryParse(left, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var l)
        && long.TryParse(right, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var r)
            ? l.CompareTo(r)
            : 0;
}
