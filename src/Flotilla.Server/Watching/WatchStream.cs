using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Watching;

/// <summary>What a watcher sees: the change's type from its point of view, and the frame to send.</summary>
public readonly record struct SeenChange(ChangeType Type, WatchFrame Frame);

/// <summary>
/// One watch: first what is there (if asked), then every change in order, bookmarks in between, until its time is up.
/// </summary>
public sealed class WatchStream(ObjectStore objects, WatchHubs hubs, ListQuery query, Representation representation, string? includeObject, TimeProvider time)
{
    private static readonly TimeSpan BookmarkInterval = TimeSpan.FromSeconds(55);
    private static readonly TimeSpan LongestWatch = TimeSpan.FromMinutes(60);

    private readonly Kind kind = query.Selection.Kind;
    private readonly string prefix = query.Selection.Prefix;
    private bool hasHeaders;

    public async Task WriteAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        using var ending = new CancellationTokenSource(query.Timeout ?? LongestWatch * (0.5 + (RandomNumberGenerator.GetInt32(1000) / 2000.0)), time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending.Token, kind.Custom?.Retired ?? default);
        await output.FlushAsync(cancellationToken);
        try
        {
            var from = await WriteInitialAsync(output, either.Token);
            await foreach (var (changes, revision) in ChangesAsync(from, either.Token))
            {
                foreach (var change in changes)
                {
                    Write(output, change);
                }

                if (changes.Count == 0 && query.Bookmarks)
                {
                    WriteBookmark(output, revision, initialEnd: false);
                }

                await output.FlushAsync(either.Token);
            }
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // Its time is up: the stream ends, and the client resumes where it was.
        }
        catch (Api.ApiException error)
        {
            output.Write("{\"type\":\"ERROR\",\"object\":"u8);
            output.Write(StoredObject.Serialize(Failures.ToJson(error.Status)));
            output.Write("}\n"u8);
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>Batches of changes after a revision; an empty batch is a quiet moment, up to date at that revision.</summary>
    public async IAsyncEnumerable<(IReadOnlyList<SeenChange> Changes, Revision Revision)> ChangesAsync(Revision from, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var hub = hubs.For((kind.StoredAs ?? kind).StoragePrefix);
        var at = from;
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var applied = hubs.Applied;
            if (hub.ReadAfter(at) is not { } read)
            {
                await foreach (var past in HistoryAsync(at, hub, cancellationToken))
                {
                    at = past[^1].Frame.Revision;
                    var converted = await objects.Served.OfAsync(kind, [.. past.Select(change => change.Frame)], cancellationToken);
                    var seen = converted.Select(See).OfType<SeenChange>().ToList();
                    if (seen.Count > 0)
                    {
                        yield return (seen, at);
                    }
                }

                continue;
            }

            if (read.Frames.Count == 0)
            {
                at = applied > at ? applied : at;
                using var quiet = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                var pause = Task.Delay(BookmarkInterval, time, quiet.Token);
                var first = await Task.WhenAny(read.More, pause);
                await quiet.CancelAsync();
                cancellationToken.ThrowIfCancellationRequested();
                if (first == pause)
                {
                    yield return ([], at);
                }

                continue;
            }

            at = read.Frames[^1].Revision;
            var changes = new List<SeenChange>(read.Frames.Count);
            foreach (var frame in await objects.Served.OfAsync(kind, read.Frames, cancellationToken))
            {
                if (See(frame) is { } change)
                {
                    changes.Add(change);
                }
            }

            if (changes.Count > 0)
            {
                yield return (changes, at);
            }
        }
    }

    private async Task<Revision> WriteInitialAsync(PipeWriter output, CancellationToken cancellationToken)
    {
        // A version of nothing or 0 means: begin with what is there. With a version, only what comes after it.
        var version = query.ResourceVersion ?? 0;
        if (version != 0 && !query.SendInitial)
        {
            // A version from the future waits for the future.
            return new Revision(version);
        }

        var list = await objects.Store.ListAsync(prefix, null, 0, null, cancellationToken);
        foreach (var entry in await objects.Served.OfAsync(kind, list.Entries, cancellationToken))
        {
            if (query.Selection.Matches(entry.Key, entry.Value))
            {
                Write(output, new SeenChange(ChangeType.Added, new WatchFrame(new StoreEvent(entry.Key, entry.Value, entry.Modified, entry.Created, null, null))));
            }
        }

        if (query.SendInitial && query.Bookmarks)
        {
            WriteBookmark(output, list.Revision, initialEnd: true);
        }

        await output.FlushAsync(cancellationToken);
        return list.Revision;
    }

    // The ring no longer reaches back: the store's own history does, for a while.
    private async IAsyncEnumerable<IReadOnlyList<SeenChange>> HistoryAsync(Revision after, WatchHub hub, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batches = objects.Store.WatchAsync((kind.StoredAs ?? kind).StoragePrefix, after, cancellationToken).GetAsyncEnumerator(cancellationToken);
        await using (batches)
        {
            while (true)
            {
                IReadOnlyList<SeenChange> batch;
                try
                {
                    if (!await batches.MoveNextAsync())
                    {
                        yield break;
                    }

                    batch = [.. batches.Current.Select(change => new SeenChange(ChangeType.Added, new WatchFrame(change)))];
                }
                catch (CompactedException)
                {
                    throw Failures.Expired($"too old resource version: {after} ({objects.Store.Compacted})");
                }

                yield return batch;
                if (batch[^1].Frame.Revision >= hub.Start)
                {
                    yield break;
                }
            }
        }
    }

    /// <summary>An object that begins or ceases to match is added or deleted for this watcher, whatever happened to it.</summary>
    private SeenChange? See(WatchFrame frame)
    {
        var change = frame.Change;
        if (!change.Key.StartsWith(prefix, StringComparison.Ordinal))
        {
            return null;
        }

        var now = change.Value is { } value && query.Selection.Matches(change.Key, value);
        var before = change.Previous is { } previous && query.Selection.Matches(change.Key, previous);
        return (before, now) switch
        {
            (false, true) => new SeenChange(ChangeType.Added, frame),
            (true, true) => new SeenChange(ChangeType.Modified, frame),
            (true, false) => new SeenChange(ChangeType.Deleted, frame),
            _ => null,
        };
    }

    private void Write(PipeWriter output, SeenChange change)
    {
        if (representation.Shape == Shape.Object && kind.StoredAs is null && !(change.Type == ChangeType.Deleted && change.Frame.Change.Value is not null && change.Frame.Change.Previous is null))
        {
            output.Write(change.Frame.Encode(change.Type).Span);
            return;
        }

        var stored = change.Type == ChangeType.Deleted && change.Frame.Change.Previous is { } previous ? previous : change.Frame.Object;
        var value = ObjectStore.Decode(kind, stored, change.Frame.Revision);
        var shaped = representation.Shape switch
        {
            Shape.Table => TableBuilder.Table(kind, [value], change.Frame.Revision.ToString(), null, null, includeObject, time.GetUtcNow(), headers: !hasHeaders),
            Shape.Metadata => TableBuilder.Metadata(value),
            _ => value,
        };
        hasHeaders = true;
        output.Write(WatchFrame.Prefix(change.Type));
        output.Write(StoredObject.Serialize(shaped));
        output.Write("}\n"u8);
    }

    private void WriteBookmark(PipeWriter output, Revision revision, bool initialEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString(), ["creationTimestamp"] = null };
        if (initialEnd)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        var bookmark = new JsonObject { ["kind"] = kind.Name, ["apiVersion"] = kind.Identity.ApiVersion, ["metadata"] = metadata };
        if (representation.Shape == Shape.Metadata)
        {
            bookmark["kind"] = "PartialObjectMetadata";
            bookmark["apiVersion"] = "meta.k8s.io/v1";
        }

        output.Write("{\"type\":\"BOOKMARK\",\"object\":"u8);
        output.Write(StoredObject.Serialize(representation.Shape == Shape.Table ? TableBuilder.Table(kind, [bookmark], revision.ToString(), null, null, "Metadata", time.GetUtcNow(), headers: false) : bookmark));
        output.Write("}\n"u8);
    }
}
