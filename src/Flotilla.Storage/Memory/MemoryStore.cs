namespace Flotilla.Storage;

/// <summary>A store that lives and dies with the process: for tests and simulation.</summary>
/// <param name="historyLength">Events kept for watches and lists of the past.</param>
public sealed class MemoryStore(int historyLength = 100_000) : IStore
{
    private readonly Lock gate = new();
    private readonly RecentEvents recent = new(historyLength, long.MaxValue, Revision.First);
    private readonly PastStates past = new();
    private Snapshot snapshot = Snapshot.Empty;

    public Revision Current => Volatile.Read(ref snapshot).Revision;

    public Revision Compacted => recent.Forgotten;

    public ValueTask CatchUpAsync(CancellationToken cancellationToken) => ValueTask.CompletedTask;

    public ValueTask<StoredEntry?> GetAsync(string key, CancellationToken cancellationToken) =>
        ValueTask.FromResult(Volatile.Read(ref snapshot).Get(key));

    public Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision? at, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var source = at is { } revision && revision != snapshot.Revision ? Rewind(revision) : snapshot;
            var list = source.List(prefix, startAfter, limit);
            if (list.HasMore && limit > PastStates.NoPage)
            {
                past.Keep(source);
            }

            return Task.FromResult(list);
        }
    }

    public Task<WriteResult> WriteAsync(WriteRequest request, CancellationToken cancellationToken)
    {
        lock (gate)
        {
            var builder = new StateBuilder(snapshot);
            var result = builder.Apply(request);
            if (result.Outcome == WriteOutcome.Written)
            {
                Volatile.Write(ref snapshot, builder.Build());
                recent.Publish(builder.Events);
            }

            return Task.FromResult(result);
        }
    }

    public IAsyncEnumerable<IReadOnlyList<StoreEvent>> WatchAsync(string prefix, Revision after, CancellationToken cancellationToken) =>
        recent.FollowAsync(prefix, after, () => Compacted, (at, _) => throw new CompactedException(at, Compacted), cancellationToken);

    public Task CompactAsync(Revision through, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(through.Value, Current.Value, nameof(through));
        recent.Forget(through);
        past.Forget(through);
        return Task.CompletedTask;
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    private Snapshot Rewind(Revision at)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at.Value, snapshot.Revision.Value, nameof(at));
        if (at < Compacted)
        {
            throw new CompactedException(at, Compacted);
        }

        var from = past.Nearest(at, snapshot);
        return from.Revision == at
            ? from
            : History.Rewind(from, at, recent.Read(at, (int)(from.Revision.Value - at.Value), out _) ?? throw new CompactedException(at, Compacted));
    }
}
