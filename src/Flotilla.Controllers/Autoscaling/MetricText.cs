using k8s.Models;

namespace Flotilla.Controllers.Autoscaling;

/// <summary>Label selectors as they stand in queries, and as they stand in messages.</summary>
internal static class MetricText
{
    public static string Query(V1LabelSelector selector)
    {
        var labels = (selector.MatchLabels ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}");
        return string.Join(',', labels.Concat((selector.MatchExpressions ?? []).Select(Query)));
    }

    /// <summary>As Go prints the structure.</summary>
    public static string Shown(V1LabelSelector? selector)
    {
        if (selector is null)
        {
            return "nil";
        }

        var labels = string.Concat((selector.MatchLabels ?? new Dictionary<string, string>()).OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}: {pair.Value},"));
        var expressions = string.Concat((selector.MatchExpressions ?? []).Select(expression =>
            $"LabelSelectorRequirement{{Key:{expression.Key},Operator:{expression.OperatorProperty},Values:[{string.Join(' ', expression.Values ?? [])}],}},"));
        return $"&LabelSelector{{MatchLabels:map[string]string{{{labels}}},MatchExpressions:[]LabelSelectorRequirement{{{expressions}}},}}";
    }

    private static string Query(V1LabelSelectorRequirement requirement) => requirement.OperatorProperty switch
    {
        "In" => $"{requirement.Key} in ({string.Join(',', requirement.Values)})",
        "NotIn" => $"{requirement.Key} notin ({string.Join(',', requirement.Values)})",
        "Exists" => requirement.Key,
        _ => $"!{requirement.Key}",
    };
}
