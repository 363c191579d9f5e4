using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Validation;
using k8s.Models;

namespace Flotilla.Api.Selectors;

public enum LabelOperator
{
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

public sealed record LabelRequirement(string Key, LabelOperator Operator, IReadOnlyList<string> Values)
{
    public bool Matches(Func<string, string?> label) => Holds(label(Key));

    /// <param name="value">The label's value; null: it is not set.</param>
    public bool Holds(string? value) => (Operator, value) switch
    {
        (LabelOperator.In, not null) => Values.Contains(value),
        (LabelOperator.NotIn, _) => value is null || !Values.Contains(value),
        (LabelOperator.Exists, _) => value is not null,
        (LabelOperator.DoesNotExist, _) => value is null,
        (LabelOperator.GreaterThan, not null) => long.TryParse(value, out var left) && long.TryParse(Values[0], out var right) && left > right,
        (LabelOperator.LessThan, not null) => long.TryParse(value, out var left) && long.TryParse(Values[0], out var right) && left < right,
        _ => false,
    };
}

/// <summary>All requirements must hold; none means everything matches. Text form as in query parameters, or the JSON <c>LabelSelector</c>.</summary>
public sealed class LabelSelector
{
    public static readonly LabelSelector Everything = new([]);

    public LabelSelector(IReadOnlyList<LabelRequirement> requirements) => Requirements = requirements;

    public IReadOnlyList<LabelRequirement> Requirements { get; }

    public bool IsEverything => Requirements.Count == 0;

    public bool Matches(Func<string, string?> label)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Matches(label))
            {
                return false;
            }
        }

        return true;
    }

    public bool Matches(IEnumerable<KeyValuePair<string, string>>? labels)
    {
        var map = labels as IDictionary<string, string> ?? labels?.ToDictionary(StringComparer.Ordinal);
        return Matches(key => map is not null && map.TryGetValue(key, out var value) ? value : null);
    }

    public bool Matches(IReadOnlyList<KeyValuePair<string, string>> labels)
    {
        foreach (var requirement in Requirements)
        {
            if (!requirement.Holds(Find(labels, requirement.Key)))
            {
                return false;
            }
        }

        return true;
    }

    public bool Matches(JsonObject? labels) => Matches(key => labels.String(key));

    /// <summary>From a typed one. Null selects nothing, so it yields null.</summary>
    public static LabelSelector? Of(V1LabelSelector? selector) => selector is null
        ? null
        : new LabelSelector(
        [
            .. (selector.MatchLabels ?? new Dictionary<string, string>(StringComparer.Ordinal))
                .Select(label => new LabelRequirement(label.Key, LabelOperator.In, [label.Value])),
            .. (selector.MatchExpressions ?? []).Select(one =>
                new LabelRequirement(one.Key, Enum.Parse<LabelOperator>(one.OperatorProperty), [.. one.Values ?? []])),
        ]);

    /// <summary>From a JSON <c>LabelSelector</c> (matchLabels, matchExpressions). Null selects nothing, so it yields null.</summary>
    public static LabelSelector? From(JsonObject? selector)
    {
        if (selector is null)
        {
            return null;
        }

        var requirements = new List<LabelRequirement>();
        foreach (var (key, value) in selector.Object("matchLabels") ?? [])
        {
            requirements.Add(new LabelRequirement(key, LabelOperator.In, [value.AsString() ?? ""]));
        }

        foreach (var expression in selector.Objects("matchExpressions"))
        {
            var operation = expression.String("operator") switch
            {
                "In" => LabelOperator.In,
                "NotIn" => LabelOperator.NotIn,
                "Exists" => LabelOperator.Exists,
                _ => LabelOperator.DoesNotExist,
            };
            requirements.Add(new LabelRequirement(expression.String("key") ?? "", operation, [.. expression.Array("values")?.Select(node => node.AsString() ?? "") ?? []]));
        }

        return new LabelSelector(requirements);
    }

    /// <exception cref="FormatException">Not a selector; the message is upstream's.</exception>
    public static LabelSelector Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return Everything;
        }

        var scanner = new SelectorScanner(text);
        var requirements = new List<LabelRequirement>();
        do
        {
            requirements.Add(ParseRequirement(scanner));
        }
        while (scanner.TryTake(","));

        if (!scanner.AtEnd)
        {
            throw new FormatException($"unable to parse requirement: found '{scanner.Take()}', expected: ',' or 'end of string'");
        }

        return new LabelSelector(requirements);
    }

    private static string? Find(IReadOnlyList<KeyValuePair<string, string>> labels, string key)
    {
        for (var i = 0; i < labels.Count; i++)
        {
            if (labels[i].Key == key)
            {
                return labels[i].Value;
            }
        }

        return null;
    }

    private static LabelRequirement ParseRequirement(SelectorScanner scanner)
    {
        if (scanner.TryTake("!"))
        {
            return new LabelRequirement(Key(scanner), LabelOperator.DoesNotExist, []);
        }

        var key = Key(scanner);
        if (scanner.AtEnd || scanner.Peek() == ",")
        {
            return new LabelRequirement(key, LabelOperator.Exists, []);
        }

        var operation = scanner.Take();
        switch (operation)
        {
            case "=" or "==":
                return new LabelRequirement(key, LabelOperator.In, [Value(scanner)]);
            case "!=":
                return new LabelRequirement(key, LabelOperator.NotIn, [Value(scanner)]);
            case ">":
                return new LabelRequirement(key, LabelOperator.GreaterThan, [Value(scanner)]);
            case "<":
                return new LabelRequirement(key, LabelOperator.LessThan, [Value(scanner)]);
            case "in":
                return new LabelRequirement(key, LabelOperator.In, Values(scanner));
            case "notin":
                return new LabelRequirement(key, LabelOperator.NotIn, Values(scanner));
            default:
                throw new FormatException($"unable to parse requirement: found '{operation}', expected: in, notin, =, ==, !=, gt, lt");
        }
    }

    private static string Key(SelectorScanner scanner)
    {
        var key = scanner.Take();
        if (key.Length == 0 || SelectorScanner.IsSymbol(key))
        {
            throw new FormatException($"unable to parse requirement: found '{key}', expected: identifier");
        }

        return Names.CheckLabelKey(key) is { } error ? throw new FormatException($"unable to parse requirement: <nil>: Invalid value: \"{key}\": {error}") : key;
    }

    private static string Value(SelectorScanner scanner)
    {
        if (scanner.AtEnd || scanner.Peek() == ",")
        {
            return "";
        }

        var value = scanner.Take();
        if (SelectorScanner.IsSymbol(value))
        {
            throw new FormatException($"unable to parse requirement: found '{value}', expected: identifier");
        }

        return Names.CheckLabelValue(value) is { } error
            ? throw new FormatException($"unable to parse requirement: values[0][]: Invalid value: \"{value}\": {error}")
            : value;
    }

    private static List<string> Values(SelectorScanner scanner)
    {
        if (!scanner.TryTake("("))
        {
            throw new FormatException($"unable to parse requirement: found '{scanner.Peek()}' expected: '('");
        }

        var values = new List<string>();
        while (!scanner.TryTake(")"))
        {
            if (scanner.AtEnd)
            {
                throw new FormatException("unable to parse requirement: found '', expected: ',', or ')'");
            }

            if (!scanner.TryTake(","))
            {
                values.Add(Value(scanner));
            }
        }

        return values;
    }
}
