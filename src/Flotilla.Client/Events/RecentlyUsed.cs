using System.Diagnostics.CodeAnalysis;

namespace Flotilla.Client;

/// <summary>A dictionary that forgets the entry unused for longest when it is full.</summary>
internal sealed class RecentlyUsed<TKey, TValue>(int capacity)
    where TKey : notnull
{
    private readonly Dictionary<TKey, LinkedListNode<(TKey Key, TValue Value)>> nodes = [];
    private readonly LinkedList<(TKey Key, TValue Value)> order = new();

    public bool TryGet(TKey key, [MaybeNullWhen(false)] out TValue value)
    {
        if (!nodes.TryGetValue(key, out var node))
        {
            value = default;
            return false;
        }

        order.Remove(node);
        order.AddFirst(node);
        value = node.Value.Value;
        return true;
    }

    public TValue GetOrAdd(TKey key, Func<TValue> create)
    {
        if (!TryGet(key, out var value))
        {
            Set(key, value = create());
        }

        return value;
    }

    public void Set(TKey key, TValue value)
    {
        if (nodes.Remove(key, out var old))
        {
            order.Remove(old);
        }
        else if (nodes.Count == capacity)
        {
            nodes.Remove(order.Last!.Value.Key);
            order.RemoveLast();
        }

        nodes.Add(key, order.AddFirst((key, value)));
    }
}
