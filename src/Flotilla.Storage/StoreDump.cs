namespace Flotilla.Storage;

/// <summary>All that a store held after one write, read one by one: it is never in memory as a whole.</summary>
/// <param name="entries">May be enumerated again.</param>
/// <param name="held">What must stay open meanwhile.</param>
public sealed class StoreDump(Revision revision, int count, IEnumerable<StoredEntry> entries, IDisposable? held = null) : IDisposable
{
    public Revision Revision { get; } = revision;

    public int Count { get; } = count;

    /// <exception cref="StorageException">While it is read: it cannot be read on.</exception>
    public IEnumerable<StoredEntry> Entries { get; } = entries;

    public static StoreDump Of(StoreList list) => new(list.Revision, list.Entries.Count, list.Entries);

    public void Dispose() => held?.Dispose();
}
