using System.Collections.Immutable;

namespace Flotilla.Storage;

/// <summary>All keys as they were right after one write. Immutable: readers take one and need no lock.</summary>
internal sealed class Snapshot(Revision revision, ImmutableSortedSet<StoredEntry> entries)
{
    public static readonly ImmutableSortedSet<StoredEntry> NoEntries = ImmutableSortedSet.Create<StoredEntry>(KeyOrder.Instance);

    public static readonly Snapshot Empty = new(Revision.First, NoEntries);

    private const int LongestKept = 20_000;

    private WholeList? whole;

    public Revision Revision { get; } = revision;

    public ImmutableSortedSet<StoredEntry> Entries { get; } = entries;

    public StoredEntry? Get(string key) =>
        Entries.TryGetValue(Probe(key), out var entry) ? entry : null;

    public StoreList List(string prefix, string? startAfter, int limit)
    {
        if (startAfter is not null || limit > 0)
        {
            return Read(prefix, startAfter, limit);
        }

        // Whole lists are asked for again and again while nothing changes; each is a walk through the tree.
        if (Volatile.Read(ref whole) is { } known && known.Prefix == prefix)
        {
            return known.List;
        }

        var list = Read(prefix, null, 0);
        if (list.Entries.Count <= LongestKept)
        {
            Volatile.Write(ref whole, new WholeList(prefix, list));
        }

        return list;
    }

    private StoreList Read(string prefix, string? startAfter, int limit)
    {
        var first = Position(prefix, after: false);
        if (startAfter is not null)
        {
            first = Math.Max(first, Position(startAfter, after: true));
        }

        // Most lists that are asked for are empty: quotas, policies, webhooks.
        if (first == Entries.Count || !Entries[first].Key.StartsWith(prefix, StringComparison.Ordinal))
        {
            return new StoreList(Revision, [], 0);
        }

        var end = KeyOrder.After(prefix) is { } bound ? Position(bound, after: false) : Entries.Count;
        var count = Math.Max(0, end - first);
        var taken = limit > 0 ? Math.Min(limit, count) : count;
        var page = new StoredEntry[taken];
        for (var index = 0; index < taken; index++)
        {
            page[index] = Entries[first + index];
        }

        return new StoreList(Revision, page, count - taken);
    }

    public static StoredEntry Probe(string key) => new(key, default, default, default);

    private sealed record WholeList(string Prefix, StoreList List);

    private int Position(string key, bool after)
    {
        var index = Entries.IndexOf(Probe(key));
        return index < 0 ? ~index : after ? index + 1 : index;
    }
}
