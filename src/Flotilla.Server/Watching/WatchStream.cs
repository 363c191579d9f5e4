using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Watching;

/// <summary>What a watcher sees: the change's type from its point of view, and the frame to send.</summary>
public readonly record struct SeenChange(ChangeType Type, WatchFrame Frame);

/// <summary>
/// One watch: first what is there (if asked), then every change in order, bookmarks in between, until its time is up.
/// It holds no queue: whoever reads too slowly falls behind the hub's ring and on to the store's history.
/// </summary>
public sealed class WatchStream(ObjectStore objects, WatchHubs hubs, ListQuery query, Representation representation, string? includeObject, TimeProvider time)
{
    private const int FlushBytes = 64 * 1024;
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan BeforeEnd = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(60);

    /// <summary>Whoever takes nothing for so long is taken for dead.</summary>
    private static readonly TimeSpan LongestStall = TimeSpan.FromSeconds(30);

    private readonly Kind kind = query.Selection.Kind;
    private readonly string prefix = query.Selection.Prefix;
    private readonly TimeSpan length = query.Timeout ?? LongestWatch * (0.5 + (RandomNumberGenerator.GetInt32(1000) / 2000.0));

    /// <exception cref="TimeoutException">The client has stopped reading.</exception>
    public async Task WriteAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var events = new WatchEvents(kind, representation, includeObject, time);
        using var ending = new CancellationTokenSource(length, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending.Token, kind.Custom?.Retired ?? default);
        await output.FlushAsync(cancellationToken);
        try
        {
            var from = await WriteInitialAsync(output, events, either.Token);
            await foreach (var (changes, revision) in ChangesAsync(from, either.Token))
            {
                foreach (var change in changes)
                {
                    events.Write(output, change);
                    if (output.UnflushedBytes > FlushBytes)
                    {
                        await FlushAsync(output, cancellationToken);
                    }
                }

                if (changes.Count == 0 && query.Bookmarks)
                {
                    events.WriteBookmark(output, revision, initialEnd: false);
                }

                await FlushAsync(output, cancellationToken);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Its time is up: the stream ends, and the client resumes where it was.
        }
        catch (Api.ApiException error)
        {
            events.WriteError(output, error.Status);
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Batches of changes after a revision; an empty batch is a quiet moment, up to date at that revision.</summary>
    public async IAsyncEnumerable<(IReadOnlyList<SeenChange> Changes, Revision Revision)> ChangesAsync(Revision from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hub = hubs.For((kind.StoredAs ?? kind).StoragePrefix);
        var (at, signal, clock) = (from, new WakeSignal(), new BookmarkClock(time, BookmarkInterval, length - BeforeEnd));
        using var member = hub.Join(signal, prefix, query.Selection.SingleKey);
        await using var stop = cancellationToken.UnsafeRegister(static state => ((WakeSignal)state!).Set(), signal);
        await using var timer = time.CreateTimer(static state => ((WakeSignal)state!).Set(), signal, clock.Rest, Timeout.InfiniteTimeSpan);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var applied = hubs.Applied;
            if (member.Read(ref at) is not { } frames)
            {
                await foreach (var (past, reached) in HistoryAsync(at, hub, cancellationToken))
                {
                    at = reached;
                    if (SeeAll(await objects.Served.OfAsync(kind, past, cancellationToken)) is { Count: > 0 } seen)
                    {
                        yield return (seen, at);
                    }
                    else if (query.Progress)
                    {
                        yield return ([], at);
                    }
                }

                continue;
            }

            at = frames.Count == 0 && applied > at ? applied : at;
            if (SeeAll(await objects.Served.OfAsync(kind, frames, cancellationToken)) is { Count: > 0 } changes)
            {
                yield return (changes, at);
            }
            else if (clock.IsDue)
            {
                clock.Restart();
                timer.Change(clock.Rest, Timeout.InfiniteTimeSpan);
                yield return ([], at);
            }
            else if (query.Progress && frames.Count > 0)
            {
                yield return ([], at);
            }
            else if (frames.Count == 0)
            {
                await signal.WaitAsync();
            }
        }
    }

    private async Task<Revision> WriteInitialAsync(PipeWriter output, WatchEvents events, CancellationToken cancellationToken)
    {
        // A version of nothing or 0 means: begin with what is there. With a version, only what comes after it.
        var version = query.ResourceVersion ?? 0;
        if (version != 0 && query.SendInitial != true)
        {
            // A version from the future waits for the future.
            return new Revision(version);
        }

        if (query.SendInitial == false)
        {
            return objects.Store.Current;
        }

        var list = await objects.Store.ListAsync(prefix, null, 0, null, cancellationToken);
        foreach (var entry in await objects.Served.OfAsync(kind, list.Entries, cancellationToken))
        {
            if (!query.Selection.Matches(entry))
            {
                continue;
            }

            events.Write(output, new SeenChange(ChangeType.Added, WatchFrame.Of(entry)));
            if (output.UnflushedBytes > FlushBytes)
            {
                await FlushAsync(output, cancellationToken);
            }
        }

        if (query is { SendInitial: true, Bookmarks: true })
        {
            events.WriteBookmark(output, list.Revision, initialEnd: true);
        }

        await FlushAsync(output, cancellationToken);
        return list.Revision;
    }

    private async ValueTask FlushAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        var flush = output.FlushAsync(cancellationToken);
        var result = flush.IsCompleted ? await flush : await flush.AsTask().WaitAsync(LongestStall, time, cancellationToken);
        if (result.IsCompleted)
        {
            throw new TimeoutException("The client has gone.");
        }
    }

    // The ring no longer reaches back: the store's own history does, for a while. All resources are read, since each
    // revision is a write of some one of them: where the ring begins is reached without waiting for a change of this one.
    private async IAsyncEnumerable<(IReadOnlyList<WatchFrame> Frames, Revision Reached)> HistoryAsync(Revision after, WatchHub hub, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var own = (kind.StoredAs ?? kind).StoragePrefix;
        var batches = objects.Store.WatchAsync("/", after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (batches)
        {
            while (true)
            {
                IReadOnlyList<StoreEvent> batch;
                try
                {
                    if (!await batches.MoveNextAsync())
                    {
                        yield break;
                    }

                    batch = batches.Current;
                }
                catch (CompactedException)
                {
                    throw Failures.Expired($"too old resource version: {after} ({objects.Store.Compacted})");
                }

                yield return ([.. batch.Where(change => change.Key.StartsWith(own, StringComparison.Ordinal)).Select(change => new WatchFrame(change))], batch[^1].Revision);
                if (batch[^1].Revision >= hub.Start)
                {
                    yield break;
                }
            }
        }
    }

    private List<SeenChange>? SeeAll(IReadOnlyList<WatchFrame> frames)
    {
        List<SeenChange>? seen = null;
        foreach (var frame in frames)
        {
            if (See(frame) is { } change)
            {
                (seen ??= new(frames.Count)).Add(change);
            }
        }

        return seen;
    }

    /// <summary>An object that begins or ceases to match is added or deleted for this watcher, whatever happened to it.</summary>
    private SeenChange? See(WatchFrame frame)
    {
        var change = frame.Change;
        if (!change.Key.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var selection = query.Selection;
        var now = change.Value is { } value && selection.Matches(change.Key, change.Notes, value, change.Revision);
        var before = change.Previous is { } previous && selection.Matches(change.Key, change.PreviousNotes, previous, change.PreviousRevision ?? change.Revision);
        return (before, now) switch
        {
            (false, true) => new SeenChange(ChangeType.Added, frame),
            (true, true) => new SeenChange(ChangeType.Modified, frame),
            (true, false) => new SeenChange(ChangeType.Deleted, frame),
            _ => null,
        };
    }
}
