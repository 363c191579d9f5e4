using System.Text.Json.Nodes;
using Flotilla.Api.Quantities;
using Flotilla.Api.Validation;

namespace Flotilla.Api.Quotas;

/// <summary>Amounts by resource name, ordered by name: a Kubernetes ResourceList.</summary>
public sealed class AmountMap : SortedDictionary<string, Quantity>
{
    public AmountMap()
        : base(StringComparer.Ordinal)
    {
    }

    public static AmountMap From(JsonObject? list)
    {
        var map = new AmountMap();
        foreach (var (name, value) in list ?? [])
        {
            if (FieldRules.Amount(value) is { } amount)
            {
                map[name] = amount;
            }
        }

        return map;
    }

    public void Add(AmountMap other)
    {
        foreach (var (name, amount) in other)
        {
            this[name] = TryGetValue(name, out var own) ? own + amount : amount;
        }
    }

    /// <summary>Raises each amount to the other's where that is more.</summary>
    public void RaiseTo(AmountMap other)
    {
        foreach (var (name, amount) in other)
        {
            if (!TryGetValue(name, out var own) || own < amount)
            {
                this[name] = amount;
            }
        }
    }

    /// <summary>The entries of these names.</summary>
    public AmountMap Only(IEnumerable<string> names)
    {
        var kept = new AmountMap();
        foreach (var name in names)
        {
            if (TryGetValue(name, out var amount))
            {
                kept[name] = amount;
            }
        }

        return kept;
    }

    public JsonObject ToJson() => new(this.Select(pair => KeyValuePair.Create<string, JsonNode?>(pair.Key, pair.Value.ToString())));

    /// <summary><c>cpu=1,pods=2</c>, as messages show amounts.</summary>
    public override string ToString() => string.Join(',', this.Select(pair => $"{pair.Key}={pair.Value}"));
}
