using System.Globalization;
using k8s.Models;

namespace Flotilla.Node.Admission;

/// <summary>Whether a node is one of those a pod asks for, by its selector and its required affinity. Pure.</summary>
internal static class NodeSelection
{
    public static bool Matches(V1Pod pod, V1Node node)
    {
        var labels = node.Metadata.Labels ?? new Dictionary<string, string>(StringComparer.Ordinal);
        var terms = pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms;
        return (pod.Spec.NodeSelector ?? new Dictionary<string, string>(StringComparer.Ordinal)).All(wanted => labels.TryGetValue(wanted.Key, out var value) && value == wanted.Value)
            && (terms is null || terms.Any(term => Matches(term, labels, node.Metadata.Name)));
    }

    // A term that asks for nothing selects nothing.
    private static bool Matches(V1NodeSelectorTerm term, IDictionary<string, string> labels, string name) =>
        (term.MatchExpressions is { Count: > 0 } || term.MatchFields is { Count: > 0 })
        && (term.MatchExpressions ?? []).All(wanted => Matches(wanted, labels.TryGetValue(wanted.Key, out var value) ? value : null))
        && (term.MatchFields ?? []).All(wanted => wanted.Key == "metadata.name" && Matches(wanted, name));

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
