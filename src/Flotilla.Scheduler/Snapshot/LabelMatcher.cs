using System.Globalization;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>A selector compiled once per pod: every requirement must hold.</summary>
public sealed class LabelMatcher(IReadOnlyList<LabelMatcher.Requirement> requirements)
{
    public static readonly LabelMatcher Everything = new([]);

    /// <summary>What a missing selector means where the API says "matches nothing".</summary>
    public static readonly LabelMatcher Nothing = new([new Requirement("", "Nothing", [])]);

    public IReadOnlyList<Requirement> Requirements => requirements;

    public static LabelMatcher From(V1LabelSelector? selector)
    {
        if (selector is null)
        {
            return Nothing;
        }

        List<Requirement> all = [];
        foreach (var (key, value) in selector.MatchLabels ?? new Dictionary<string, string>(StringComparer.Ordinal))
        {
            all.Add(new Requirement(key, "In", [value]));
        }

        foreach (var expression in selector.MatchExpressions ?? [])
        {
            all.Add(new Requirement(expression.Key, expression.OperatorProperty, [.. expression.Values ?? []]));
        }

        return all.Count == 0 ? Everything : new LabelMatcher(all);
    }

    public static LabelMatcher Equal(IDictionary<string, string> labels) =>
        new([.. labels.Select(label => new Requirement(label.Key, "In", [label.Value]))]);

    public LabelMatcher And(IEnumerable<Requirement> more) => new([.. requirements, .. more]);

    public bool Matches(IReadOnlyDictionary<string, string> labels)
    {
        foreach (var requirement in requirements)
        {
            if (!requirement.Matches(labels))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>The same for selectors that say the same in the same order.</summary>
    public override string ToString() => string.Join('\n', requirements.Select(requirement => $"{requirement.Key} {requirement.Operator} {string.Join(' ', requirement.Values)}"));

    /// <summary>Operators of label selectors and, for <c>Gt</c> and <c>Lt</c>, of node selectors.</summary>
    public sealed record Requirement(string Key, string Operator, string[] Values)
    {
        public bool Matches(IReadOnlyDictionary<string, string> labels)
        {
            var has = labels.TryGetValue(Key, out var value);
            return Operator switch
            {
                "In" => has && Values.AsSpan().Contains(value),
                "NotIn" => !has || !Values.AsSpan().Contains(value),
                "Exists" => has,
                "DoesNotExist" => !has,
                "Gt" => has && Compare(value!) > 0,
                "Lt" => has && Compare(value!) < 0,
                _ => false,
            };
        }

        private int Compare(string value) =>
            Values.Length == 1
            && long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var left)
            && long.TryParse(Values[0], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var right)
                ? left.CompareTo(right)
                : 0;
    }
}
