using System.Text.Json.Nodes;
using Flotilla.Cel.Schemas;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Validation;

/// <summary>One validation of one object: walks over it with the rules until all are done or the budget is spent.</summary>
internal sealed class RuleRun(CancellationToken cancellationToken)
{
    /// <summary>What all rules together may cost: about a second.</summary>
    private const ulong Budget = 10_000_000;

    private readonly RuleBudget budget = new(Budget);

    public List<CelFieldError> Errors { get; } = [];

    public void Visit(RuleNode node, string path, JsonNode? value, JsonNode? old, Correlation correlation)
    {
        if (value is null || budget.IsSpent)
        {
            return;
        }
        Errors.AddRange(new RuleCheck(budget, cancellationToken).Check(node, path, value, old, correlation));
        foreach (var part in node.AllOf)
        {
            Visit(part, path, value, old, correlation.Above);
        }
        if (value is JsonArray array && node.Items is { } items)
        {
            VisitItems(items, node.Schema, path, array, old as JsonArray, correlation);
        }
        if (value is JsonObject json)
        {
            VisitProperties(node, path, json, old as JsonObject, correlation);
        }
    }

    private void VisitItems(RuleNode items, StructuralSchema list, string path, JsonArray array, JsonArray? old, Correlation correlation)
    {
        var oldItems = new OldItems(list, old);
        for (var i = 0; i < array.Count; i++)
        {
            var before = oldItems.Find(array[i]);
            var ratchet = before ?? (list.ListType is "" && old is not null && i < old.Count ? old[i] : null);
            Visit(items, FormattableString.Invariant($"{path}[{i}]"), array[i], before, correlation.Below(array[i], ratchet));
        }
    }

    private void VisitProperties(RuleNode node, string path, JsonObject json, JsonObject? old, Correlation correlation)
    {
        foreach (var (name, value) in json)
        {
            var before = old?[name];
            if (node.AdditionalProperties is { } values)
            {
                Visit(values, $"{path}[{name}]", value, before, correlation.Below(value, before));
            }
            if (node.Properties.TryGetValue(name, out var property))
            {
                Visit(property, path.Length == 0 ? name : $"{path}.{name}", value, before, correlation.Below(value, before));
            }
        }
    }
}

/// <summary>What is left for the rules of one object.</summary>
internal sealed class RuleBudget(ulong limit)
{
    private ulong left = limit;

    public bool IsSpent { get; private set; }

    public bool IsEmpty => left == 0;

    /// <summary>Takes the cost of an evaluation; false when there is not that much.</summary>
    public bool Take(ulong cost)
    {
        if (cost > left)
        {
            Stop();
            return false;
        }
        left -= cost;
        return true;
    }

    public void Stop() => IsSpent = true;
}
