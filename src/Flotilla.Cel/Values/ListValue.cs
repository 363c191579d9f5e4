using Flotilla.Cel.Types;

namespace Flotilla.Cel.Values;

/// <summary>A list; items are made when they are asked for.</summary>
public abstract class ListValue : CelValue
{
    public abstract int Count { get; }

    public abstract CelValue this[int index] { get; }

    public override CelType Type => CelType.AnyList;

    public static ListValue Of(IReadOnlyList<CelValue> items) => new ItemList(items);

    public IEnumerable<CelValue> Items()
    {
        for (var i = 0; i < Count; i++)
        {
            yield return this[i];
        }
    }

    internal override long? Size => Count;

    internal override bool IsEqualTo(CelValue other) =>
        other is ListValue list && list.Count == Count && (list.Count == 0 || SameItems(list));

    /// <summary>What <c>+</c> makes of two lists.</summary>
    internal virtual ListValue Concat(ListValue other) =>
        Count == 0 ? other : other.Count == 0 ? this : new JoinedList(this, other);

    /// <summary>Whether the items agree, given that their number does; sets and keyed lists ignore the order.</summary>
    internal virtual bool SameItems(ListValue other)
    {
        if (other is SetList or KeyedList)
        {
            return other.SameItems(this);
        }
        for (var i = 0; i < Count; i++)
        {
            if (!this[i].IsEqualTo(other[i]))
            {
                return false;
            }
        }
        return true;
    }
}

internal sealed class ItemList(IReadOnlyList<CelValue> items) : ListValue
{
    public static readonly ItemList Empty = new([]);

    public override int Count => items.Count;

    public override CelValue this[int index] => items[index];
}

/// <summary>
/// Two lists one after the other, joined in constant time: comprehensions build lists item by item. The joined items are
/// laid out flat on the first look.
/// </summary>
internal sealed class JoinedList(ListValue first, ListValue second) : ListValue
{
    private readonly int count = first.Count + second.Count;
    private CelValue[]? flat;

    public override int Count => count;

    public override CelValue this[int index] => (flat ??= Flatten())[index];

    private CelValue[] Flatten()
    {
        var items = new CelValue[count];
        var end = count;
        ListValue rest = this;
        while (rest is JoinedList { flat: null } joined)
        {
            end = CopyBefore(items, end, joined.Second);
            rest = joined.First;
        }
        CopyBefore(items, end, rest);
        return items;
    }

    private ListValue First => first;

    private ListValue Second => second;

    private static int CopyBefore(CelValue[] items, int end, ListValue part)
    {
        var start = end - part.Count;
        for (var i = 0; i < part.Count; i++)
        {
            items[start + i] = part[i];
        }
        return start;
    }
}
