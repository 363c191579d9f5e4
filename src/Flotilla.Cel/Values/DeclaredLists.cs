namespace Flotilla.Cel.Values;

/// <summary>A list declared as a set: equal whatever the order; adding keeps what is there and appends what is new.</summary>
internal sealed class SetList(ListValue items) : ListValue
{
    public override int Count => items.Count;

    public override CelValue this[int index] => items[index];

    internal override ListValue Concat(ListValue other)
    {
        var known = new HashSet<CelValue>(items.Items(), KeyComparer.Instance);
        return new SetList(Of([.. items.Items(), .. other.Items().Where(known.Add)]));
    }

    internal override bool SameItems(ListValue other) =>
        new HashSet<CelValue>(items.Items(), KeyComparer.Instance).SetEquals(other.Items());
}

/// <summary>
/// A list declared as a map: its items are objects with key fields. Equal whatever the order; adding replaces the items
/// with the same keys in place and appends the others.
/// </summary>
internal sealed class KeyedList(ListValue items, Func<CelValue, string> keyOf) : ListValue
{
    public override int Count => items.Count;

    public override CelValue this[int index] => items[index];

    internal override ListValue Concat(ListValue other)
    {
        var replacements = new Dictionary<string, CelValue>(StringComparer.Ordinal);
        foreach (var item in other.Items())
        {
            replacements[keyOf(item)] = item;
        }
        var kept = items.Items().Select(item => replacements.Remove(keyOf(item), out var newer) ? newer : item).ToList();
        var added = other.Items().Where(item => replacements.Remove(keyOf(item)));
        return new KeyedList(Of([.. kept, .. added]), keyOf);
    }

    internal override bool SameItems(ListValue other)
    {
        var mine = items.Items().ToLookup(keyOf, StringComparer.Ordinal);
        return other.Items().All(item => mine[keyOf(item)].Any(item.IsEqualTo));
    }
}
