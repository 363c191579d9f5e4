using Flotilla.Storage.Etcd.Wire;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd;

/// <summary>
/// A store in a cluster of etcd, shared by several servers. Each write is a transaction; many are under way at once, and
/// one is acknowledged when it has come back by the watch that keeps the present state in memory. Reads are of that
/// state; old states and events that are no longer in memory are read from etcd.
/// </summary>
public sealed class EtcdStore : IStore
{
    private readonly EtcdConnection connection;
    private readonly EtcdHistory history;
    private readonly EtcdKeys keys;
    private readonly EtcdWrites writes;
    private readonly EtcdFollower follower;
    private readonly CompactionSchedule schedule;
    private readonly ReadIndex newest;
    private readonly SemaphoreSlim room;
    private readonly CancellationTokenSource stopping = new();

    private EtcdStore(EtcdConnection connection, EtcdHistory history, EtcdKeys keys, EtcdFollower follower, EtcdOptions options, StorageOptions storage, TimeProvider time)
    {
        this.connection = connection;
        this.history = history;
        this.keys = keys;
        this.follower = follower;
        writes = new EtcdWrites(keys);
        newest = new ReadIndex(async () => keys.RevisionOf((await connection.CallAsync(
            (member, call) => member.Pairs.RangeAsync(new RangeRequest { Key = EtcdKeys.Everything, CountOnly = true }, call), stopping.Token)).Answer.Header.Revision));
        room = new SemaphoreSlim(options.MaxInFlight);
        schedule = new CompactionSchedule(storage, time, () => Current, through => CompactAsync(through, stopping.Token));
    }

    public bool IsShared => true;

    public StoreHealth Health => connection.Trouble is { } why ? new StoreHealth(false, why) : StoreHealth.Good;

    public Revision Current => follower.Snapshot.Revision;

    public Revision Compacted => follower.Compacted;

    /// <exception cref="StorageException">The cluster does not answer, or refuses.</exception>
    public static async Task<EtcdStore> OpenAsync(EtcdOptions options, StorageOptions storage, TimeProvider time, ILogger<EtcdStore> logger, CancellationToken cancellationToken)
    {
        storage.Validate();
        var connection = new EtcdConnection(options, time, logger);
        try
        {
            var keys = new EtcdKeys(options.Prefix);
            var history = new EtcdHistory(connection, keys);
            await history.ReadShiftAsync(cancellationToken);
            var compacted = await history.CompactedAsync(cancellationToken);
            var follower = new EtcdFollower(connection, history, keys, storage, await history.LoadAsync(cancellationToken), compacted, time, logger);
            follower.Start();
            return new EtcdStore(connection, history, keys, follower, options, storage, time);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>The cluster's members have changed: these are asked from now on, the first rather than the others.</summary>
    public void UseEndpoints(IReadOnlyList<Uri> endpoints) => connection.Use(endpoints);

    public async ValueTask CatchUpAsync(CancellationToken cancellationToken)
    {
        var revision = await newest.NewestAsync().WaitAsync(cancellationToken);
        await follower.ReachedAsync(revision).WaitAsync(cancellationToken);
    }

    public ValueTask<StoredEntry?> GetAsync(string key, CancellationToken cancellationToken) => ValueTask.FromResult(follower.Snapshot.Get(key));

    public async Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision? at, CancellationToken cancellationToken)
    {
        var source = follower.Snapshot;
        if (at is { } revision && revision != source.Revision)
        {
            if (Rewind(source, revision) is not { } past)
            {
                return await history.ListAsync(prefix, startAfter, limit, revision, cancellationToken);
            }

            source = past;
        }

        var list = source.List(prefix, startAfter, limit);
        if (list.HasMore && limit > PastStates.NoPage)
        {
            follower.Past.Keep(source);
        }

        return list;
    }

    // Cancelled, the caller stops waiting but the write may happen.
    public Task<WriteResult> WriteAsync(WriteRequest request, CancellationToken cancellationToken) => CommitAsync(request).WaitAsync(cancellationToken);

    public IAsyncEnumerable<IReadOnlyList<StoreEvent>> WatchAsync(string prefix, Revision after, CancellationToken cancellationToken) =>
        follower.Recent.FollowAsync(prefix, after, () => Compacted, ReadOlderAsync, cancellationToken);

    public async Task CompactAsync(Revision through, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(through.Value, Current.Value, nameof(through));
        if (through <= Compacted)
        {
            return;
        }

        try
        {
            await connection.CallAsync((member, call) => member.Pairs.CompactAsync(new CompactionRequest { Revision = keys.NumberOf(through) }, call), cancellationToken);
        }
        catch (StorageException failure) when (EtcdHistory.IsCompaction(failure))
        {
            // Another server was first.
        }

        follower.Forget(through);
    }

    public async ValueTask DisposeAsync()
    {
        if (stopping.IsCancellationRequested)
        {
            return;
        }

        schedule.Dispose();
        await stopping.CancelAsync();
        await follower.DisposeAsync();
        connection.Dispose();
        room.Dispose();
    }

    private async Task<WriteResult> CommitAsync(WriteRequest request)
    {
        ObjectDisposedException.ThrowIf(stopping.IsCancellationRequested, this);
        await room.WaitAsync(stopping.Token);
        WriteResult result;
        try
        {
            var transaction = writes.For(request);
            result = await SendAsync(request, transaction);
        }
        finally
        {
            room.Release();
        }

        await follower.ReachedAsync(result.Revision);
        return result;
    }

    private async Task<WriteResult> SendAsync(WriteRequest request, TxnRequest transaction)
    {
        // Repeated, a write without a condition could undo what somebody wrote between its two times.
        var isConditional = request.Precondition.IsMustNotExist || request.Precondition.At is not null;
        var (answer, repeated) = await connection.CallAsync((member, call) => member.Pairs.TxnAsync(transaction, call), stopping.Token, mayRepeat: isConditional);
        var result = writes.Read(request, answer);
        return repeated
            ? EtcdWrites.ReadRepeated(request, result) ?? throw new UnknownOutcomeException($"What became of a write to {request.Key} is not known: etcd went away meanwhile, and the key has been written or deleted by it or by somebody else.")
            : result;
    }

    private async Task<List<StoreEvent>> ReadOlderAsync(Revision after, CancellationToken cancellationToken)
    {
        try
        {
            var events = await history.ReadAsync(after, cancellationToken);

            // Nobody shall hear of what the state in memory does not show yet.
            await follower.ReachedAsync(events[^1].Revision).WaitAsync(cancellationToken);
            return events;
        }
        catch (CompactedException gone)
        {
            follower.Forget(gone.Compacted);
            throw;
        }
    }

    /// <summary>Null: too much has happened since for what is in memory.</summary>
    private Snapshot? Rewind(Snapshot source, Revision at)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(at.Value, source.Revision.Value, nameof(at));
        if (at < Compacted)
        {
            throw new CompactedException(at, Compacted);
        }

        source = follower.Past.Nearest(at, source);
        if (source.Revision == at)
        {
            return source;
        }

        return follower.Recent.Read(at, (int)Math.Min(int.MaxValue, source.Revision.Value - at.Value), out _) is { } since ? History.Rewind(source, at, since) : null;
    }
}
