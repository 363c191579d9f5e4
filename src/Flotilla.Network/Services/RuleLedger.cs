namespace Flotilla.Network.Services;

/// <summary>
/// All rule sets of a table by owner, and what changed since the last look: work is proportional to the change, however
/// much there is. Where two owners want the same element, the first one in order has it. Not thread safe.
/// </summary>
public sealed class RuleLedger
{
    private readonly Dictionary<string, (RuleOrder Order, RuleSet Rules)> owners = new(StringComparer.Ordinal);
    private readonly Shared<string, IReadOnlyList<string>> chains = new((left, right) => left.SequenceEqual(right, StringComparer.Ordinal));
    private readonly Shared<(string Collection, string Element), string?> elements = new((left, right) => left == right);
    private readonly Shared<string, string> sets = new((left, right) => left == right);

    public IEnumerable<string> Owners => owners.Keys;

    /// <summary>Replaces everything that an owner added before; null: it adds nothing any more.</summary>
    public void Set(string owner, DateTime? since, RuleSet? rules)
    {
        var order = new RuleOrder(since ?? DateTime.MinValue, owner);
        if (owners.Remove(owner, out var old))
        {
            chains.Remove(old.Order, old.Rules.Chains);
            elements.Remove(old.Order, old.Rules.Elements);
            sets.Remove(old.Order, old.Rules.Sets);
        }

        if (rules is not null)
        {
            owners.Add(owner, (order, rules));
            chains.Add(order, rules.Chains);
            elements.Add(order, rules.Elements);
            sets.Add(order, rules.Sets);
        }
    }

    public RuleSet? Of(string owner) => owners.TryGetValue(owner, out var found) ? found.Rules : null;

    /// <summary>From what was <see cref="Applied"/> to now.</summary>
    public RuleChange Change() => new(chains.Change(), elements.Change(), sets.Change());

    /// <summary>Everything there is, for an empty table.</summary>
    public RuleChange All() => new(chains.All(), elements.All(), sets.All());

    /// <summary>The kernel has it all.</summary>
    public void Applied()
    {
        chains.Settle();
        elements.Settle();
        sets.Settle();
    }

    /// <summary>Values by key, each of which several owners may want.</summary>
    private sealed class Shared<TKey, TValue>(Func<TValue, TValue, bool> areSame)
        where TKey : notnull
    {
        private readonly Dictionary<TKey, SortedList<RuleOrder, TValue>> wanted = [];

        // What the kernel had of the keys that were touched since.
        private readonly Dictionary<TKey, Known<TValue>> before = [];

        public void Add(RuleOrder order, Dictionary<TKey, TValue> values)
        {
            foreach (var (key, value) in values)
            {
                Touch(key);
                if (!wanted.TryGetValue(key, out var all))
                {
                    wanted.Add(key, all = new SortedList<RuleOrder, TValue>(1));
                }

                all.Add(order, value);
            }
        }

        public void Remove(RuleOrder order, Dictionary<TKey, TValue> values)
        {
            foreach (var key in values.Keys)
            {
                Touch(key);
                var all = wanted[key];
                all.Remove(order);
                if (all.Count == 0)
                {
                    wanted.Remove(key);
                }
            }
        }

        public List<Changed<TKey, TValue>> Change() =>
            [.. before.Select(one => new Changed<TKey, TValue>(one.Key, one.Value, Now(one.Key))).Where(one => !one.IsSame(areSame))];

        public List<Changed<TKey, TValue>> All() => [.. wanted.Keys.Select(key => new Changed<TKey, TValue>(key, default, Now(key)))];

        public void Settle() => before.Clear();

        private void Touch(TKey key) => before.TryAdd(key, Now(key));

        private Known<TValue> Now(TKey key) => wanted.TryGetValue(key, out var all) ? new Known<TValue>(true, all.Values[0]) : default;
    }
}

/// <summary>Older objects come first.</summary>
internal readonly record struct RuleOrder(DateTime Since, string Owner) : IComparable<RuleOrder>
{
    public int CompareTo(RuleOrder other)
    {
        var bySince = Since.CompareTo(other.Since);
        return bySince != 0 ? bySince : string.CompareOrdinal(Owner, other.Owner);
    }
}

/// <summary>A value, or that there is none.</summary>
public readonly record struct Known<TValue>(bool Exists, TValue? Value);

/// <summary>One thing of a table that came, went or became another.</summary>
public sealed record Changed<TKey, TValue>(TKey Key, Known<TValue> Old, Known<TValue> New)
{
    public bool IsSame(Func<TValue, TValue, bool> areSame) =>
        Old.Exists == New.Exists && (!Old.Exists || areSame(Old.Value!, New.Value!));
}

/// <summary>What to do to a table.</summary>
public sealed record RuleChange(
    IReadOnlyList<Changed<string, IReadOnlyList<string>>> Chains,
    IReadOnlyList<Changed<(string Collection, string Element), string?>> Elements,
    IReadOnlyList<Changed<string, string>> Sets)
{
    public bool IsEmpty => Chains.Count == 0 && Elements.Count == 0 && Sets.Count == 0;
}
