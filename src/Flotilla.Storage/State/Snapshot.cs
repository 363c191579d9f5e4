using System.Collections.Immutable;

namespace Flotilla.Storage;

/// <summary>All keys as they were right after one write. Immutable: readers take one and need no lock.</summary>
internal sealed class Snapshot(Revision revision, ImmutableSortedSet<StoredEntry> entries)
{
    public static readonly ImmutableSortedSet<StoredEntry> NoEntries = ImmutableSortedSet.Create<StoredEntry>(KeyOrder.Instance);

    public static readonly Snapshot Empty = new(Revision.First, NoEntries);

    public Revision Revision { get; } = revision;

    public ImmutableSortedSet<StoredEntry> Entries { get; } = entries;

    public StoredEntry? Get(string key) =>
        Entries.TryGetValue(Probe(key), out var entry) ? entry : null;

    public StoreList List(string prefix, string? startAfter, int limit)
    {
        var first = Position(prefix, after: false);
        if (startAfter is not null)
        {
            first = Math.Max(first, Position(startAfter, after: true));
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

    private int Position(string key, bool after)
    {
        var index = Entries.IndexOf(Probe(key));
        return index < 0 ? ~index : after ? index + 1 : index;
    }
}
