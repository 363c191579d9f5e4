using System.Collections.Immutable;

namespace Flotilla.Storage;

/// <summary>Applies writes on top of a snapshot. Nothing is visible until <see cref="Build"/>'s result is published.</summary>
internal sealed class StateBuilder(Snapshot from)
{
    private readonly ImmutableSortedSet<StoredEntry>.Builder entries = from.Entries.ToBuilder();

    public Revision Revision { get; private set; } = from.Revision;

    public List<StoreEvent> Events { get; } = [];

    /// <summary>Decides about one write and, if it may happen, applies it.</summary>
    /// <exception cref="FencedException">Nothing is applied.</exception>
    public WriteResult Apply(WriteRequest request)
    {
        if (request.Fence is { } fence && Find(fence.Key)?.Modified != fence.At)
        {
            throw new FencedException(fence);
        }

        var current = Find(request.Key);
        if (Refusal(request, current) is { } refusal)
        {
            return new WriteResult(refusal, Revision, current);
        }

        var revision = Revision.Next;
        Follow(request.Key, request.Value, revision, current?.Created ?? revision);
        return new WriteResult(WriteOutcome.Written, revision, null);
    }

    /// <summary>Applies a write that happened, on top of what is known of its key.</summary>
    public void Follow(string key, ReadOnlyMemory<byte>? value, Revision revision, Revision created)
    {
        var current = Find(key);
        Replay(new StoreEvent(key, value, revision, created, current?.Value, current?.Modified)
        {
            Notes = value is null ? null : new EntryNotes(),
            PreviousNotes = current?.Notes,
        });
    }

    public StoredEntry? Find(string key) => entries.TryGetValue(Snapshot.Probe(key), out var found) ? found : null;

    /// <summary>Applies a write that was decided before.</summary>
    public void Replay(StoreEvent change)
    {
        Revision = change.Revision;
        Events.Add(change);
        entries.Remove(Snapshot.Probe(change.Key));
        if (change.Value is { } value)
        {
            entries.Add(new StoredEntry(change.Key, value, change.Created, change.Revision) { Notes = change.Notes ?? new EntryNotes() });
        }
    }

    public Snapshot Build() => new(Revision, entries.ToImmutable());

    private static WriteOutcome? Refusal(WriteRequest request, StoredEntry? current)
    {
        if (request.Precondition.IsMustNotExist && current is not null)
        {
            return WriteOutcome.Conflict;
        }

        if (current is null)
        {
            return request.Value is null || request.Precondition.At is not null ? WriteOutcome.NotFound : null;
        }

        return request.Precondition.At is { } at && at != current.Value.Modified ? WriteOutcome.Conflict : null;
    }
}
