using System.Collections.Immutable;

namespace Flotilla.Storage;

internal static class History
{
    /// <summary>The snapshot as it was at an earlier revision: every write since then is undone, the newest first.</summary>
    /// <param name="since">All events after <paramref name="at"/> up to the snapshot's revision, in order.</param>
    public static Snapshot Rewind(Snapshot snapshot, Revision at, IReadOnlyList<StoreEvent> since)
    {
        ImmutableSortedSet<StoredEntry>.Builder entries = snapshot.Entries.ToBuilder();
        for (var index = since.Count - 1; index >= 0; index--)
        {
            var change = since[index];
            entries.Remove(Snapshot.Probe(change.Key));
            if (change is { Previous: { } previous, PreviousRevision: { } modified })
            {
                // An update keeps the creation revision, and so does a deletion.
                entries.Add(new StoredEntry(change.Key, previous, change.Created, modified) { Notes = change.PreviousNotes });
            }
        }

        return new Snapshot(at, entries.ToImmutable());
    }
}
