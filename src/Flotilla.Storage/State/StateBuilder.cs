using System.Collections.Immutable;

namespace Flotilla.Storage;

/// <summary>Applies writes on top of a snapshot. Nothing is visible until <see cref="Build"/>'s result is published.</summary>
internal sealed class StateBuilder(Snapshot from)
{
    private readonly ImmutableSortedSet<StoredEntry>.Builder entries = from.Entries.ToBuilder();

    public Revision Revision { get; private set; } = from.Revision;

    public List<StoreEvent> Events { get; } = [];

    /// <summary>Decides about one write and, if it may happen, applies it.</summary>
    public WriteResult Apply(WriteRequest request)
    {
        StoredEntry? current = entries.TryGetValue(Snapshot.Probe(request.Key), out var found) ? found : null;
        if (Refusal(request, current) is { } refusal)
        {
            return new WriteResult(refusal, Revision, current);
        }

        var revision = Revision.Next;
        var created = current?.Created ?? revision;
        Replay(new StoreEvent(request.Key, request.Value, revision, created, current?.Value, current?.Modified)
        {
            Notes = request.Value is null ? null : new EntryNotes(),
            PreviousNotes = current?.Notes,
        });
        return new WriteResult(WriteOutcome.Written, revision, null);
    }

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
