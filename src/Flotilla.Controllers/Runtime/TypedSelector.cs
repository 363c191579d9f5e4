using k8s.Models;

namespace Flotilla.Controllers;

/// <summary>Label selectors as typed models carry them.</summary>
internal static class TypedSelector
{
    public static bool IsEmpty(this V1LabelSelector? selector) =>
        selector is null || (selector.MatchLabels is not { Count: > 0 } && selector.MatchExpressions is not { Count: > 0 });

    /// <summary>An empty selector matches everything, a null one nothing.</summary>
    public static bool Matches(this V1LabelSelector? selector, IDictionary<string, string>? labels) =>
        selector is not null
        && (selector.MatchLabels is null || Matches(selector.MatchLabels, labels))
        && (selector.MatchExpressions is null || selector.MatchExpressions.All(requirement => Matches(requirement, labels)));

    public static bool Matches(IDictionary<string, string> wanted, IDictionary<string, string>? labels)
    {
        foreach (var (key, value) in wanted)
        {
            if (labels is null || !labels.TryGetValue(key, out var actual) || actual != value)
            {
                return false;
            }
        }

        return true;
    }

    private static bool Matches(V1LabelSelectorRequirement requirement, IDictionary<string, string>? labels)
    {
        string? value = null;
        labels?.TryGetValue(requirement.Key, out value);
        return requirement.OperatorProperty switch
        {
            "In" => value is not null && requirement.Values.Contains(value),
            "NotIn" => value is null || !requirement.Values.Contains(value),
            "Exists" => value is not null,
            "DoesNotExist" => value is null,
            _ => false,
        };
    }
}
