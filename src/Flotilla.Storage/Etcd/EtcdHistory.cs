using System.Collections.Immutable;
using System.Globalization;
using System.Runtime.CompilerServices;
using Flotilla.Storage.Etcd.Wire;
using Google.Protobuf;
using Grpc.Core;

namespace Flotilla.Storage.Etcd;

/// <summary>Reads what etcd keeps: the present state, states of the past, and past events. Any thread.</summary>
internal sealed class EtcdHistory(EtcdConnection connection, EtcdKeys keys)
{
    private const int PageLength = 5000;

    /// <summary>Learns how far the revisions are ahead of etcd's.</summary>
    public async Task ReadShiftAsync(CancellationToken cancellationToken)
    {
        var found = (await RangeAsync(keys.ShiftKey, ByteString.Empty, 1, null, cancellationToken)).Kvs;
        keys.Shift = found is [var pair] ? long.Parse(pair.Value.Span, CultureInfo.InvariantCulture) : 0;
    }

    /// <summary>The present state.</summary>
    public async Task<Snapshot> LoadAsync(CancellationToken cancellationToken)
    {
        var all = new List<StoredEntry>();
        var revision = default(Revision);
        await foreach (var (at, entries) in PagesAsync(cancellationToken))
        {
            revision = at;
            all.AddRange(entries);
        }

        return new Snapshot(revision, ImmutableSortedSet.CreateRange(KeyOrder.Instance, all));
    }

    /// <summary>The state of one moment in the order of its keys, at least one page.</summary>
    /// <exception cref="CompactedException">etcd has forgotten that moment meanwhile.</exception>
    public async IAsyncEnumerable<(Revision At, IEnumerable<StoredEntry> Entries)> PagesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var start = keys.Of("");
        Revision? at = null;
        while (true)
        {
            var page = await RangeAsync(start, keys.EndOf(""), PageLength, at, cancellationToken);
            at ??= keys.RevisionOf(page.Header.Revision);
            yield return (at.Value, Entries(page));
            if (!page.More)
            {
                yield break;
            }

            start = ByteString.CopyFrom([.. page.Kvs[^1].Key.Span, 0]);
        }
    }

    /// <summary>A page of a state that is no longer in memory.</summary>
    public async Task<StoreList> ListAsync(string prefix, string? startAfter, int limit, Revision at, CancellationToken cancellationToken)
    {
        var start = startAfter is null || KeyOrder.Compare(startAfter, prefix) < 0 ? keys.Of(prefix) : keys.After(startAfter);
        var page = await RangeAsync(start, keys.EndOf(prefix), limit, at, cancellationToken);
        return new StoreList(at, [.. Entries(page)], page.Count - page.Kvs.Count);
    }

    /// <summary>The next events after a revision, a bounded number of them; there must be one.</summary>
    public async Task<List<StoreEvent>> ReadAsync(Revision after, CancellationToken cancellationToken) =>
        (await connection.TryAsync(member => ReadAsync(member, after, cancellationToken), cancellationToken)).Answer;

    private async Task<List<StoreEvent>> ReadAsync(EtcdEndpoint member, Revision after, CancellationToken cancellationToken)
    {
        using var call = member.Watches.Watch(EtcdConnection.Lasting(cancellationToken));
        await call.RequestStream.WriteAsync(Everything(after, previous: true), cancellationToken);
        await foreach (var answer in call.ResponseStream.ReadAllAsync(cancellationToken))
        {
            Check(answer, after);
            if (answer.Events.Count > 0)
            {
                return [.. answer.Events.Select(EventOf)];
            }
        }

        throw new RpcException(new Status(StatusCode.Unavailable, "the watch ended"));
    }

    /// <summary>The oldest revision whose state is still known.</summary>
    public async Task<Revision> CompactedAsync(CancellationToken cancellationToken)
    {
        var oldest = keys.RevisionOf(Revision.First.Value);
        try
        {
            await RangeAsync(keys.Of(""), ByteString.Empty, 1, oldest, cancellationToken);
            return oldest;
        }
        catch (CompactedException)
        {
            try
            {
                await ReadAsync(keys.RevisionOf(0), cancellationToken);
                return oldest;
            }
            catch (CompactedException compacted)
            {
                return compacted.Compacted;
            }
        }
    }

    public WatchRequest Everything(Revision after, bool previous) => new()
    {
        CreateRequest = new WatchCreateRequest { Key = EtcdKeys.Everything, RangeEnd = EtcdKeys.Everything, StartRevision = keys.NumberOf(after) + 1, PrevKv = previous },
    };

    /// <exception cref="CompactedException">The events after that revision are forgotten.</exception>
    public void Check(WatchResponse answer, Revision after)
    {
        if (answer.CompactRevision > 0)
        {
            throw new CompactedException(after, keys.RevisionOf(answer.CompactRevision));
        }

        if (answer.Canceled)
        {
            throw new StorageException($"etcd ended a watch: {answer.CancelReason}");
        }
    }

    public static bool IsCompaction(StorageException failure) =>
        failure.InnerException is RpcException { StatusCode: StatusCode.OutOfRange } refused && refused.Status.Detail.Contains("compacted", StringComparison.Ordinal);

    private IEnumerable<StoredEntry> Entries(RangeResponse page) =>
        from pair in page.Kvs let key = keys.Read(pair.Key) where key is not null select keys.EntryOf(key, pair);

    private StoreEvent EventOf(Event change)
    {
        var revision = keys.RevisionOf(change.Kv.ModRevision);
        if (keys.Read(change.Kv.Key) is not { } key)
        {
            return new StoreEvent(RecentEvents.ForeignKey, default(ReadOnlyMemory<byte>?), revision, revision, default(ReadOnlyMemory<byte>?), null);
        }

        var previous = change.PrevKv;
        return change.Type == Event.Types.EventType.Put
            ? new StoreEvent(key, change.Kv.Value.Memory, revision, keys.RevisionOf(change.Kv.CreateRevision), previous?.Value.Memory, RevisionOf(previous)) { Notes = new EntryNotes() }
            : new StoreEvent(key, default(ReadOnlyMemory<byte>?), revision, previous is null ? revision : keys.RevisionOf(previous.CreateRevision), previous?.Value.Memory, RevisionOf(previous));

        Revision? RevisionOf(KeyValue? pair) => pair is null ? null : keys.RevisionOf(pair.ModRevision);
    }

    private async Task<RangeResponse> RangeAsync(ByteString start, ByteString end, int limit, Revision? at, CancellationToken cancellationToken)
    {
        var request = new RangeRequest { Key = start, RangeEnd = end, Limit = limit, Revision = at is { } state ? keys.NumberOf(state) : 0 };
        try
        {
            return (await connection.CallAsync((member, options) => member.Pairs.RangeAsync(request, options), cancellationToken)).Answer;
        }
        catch (StorageException failure) when (at is { } asked && IsCompaction(failure))
        {
            throw new CompactedException(asked, asked.Next);
        }
    }
}
