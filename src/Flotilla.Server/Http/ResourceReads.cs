using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Schema;
using Flotilla.Server.Objects;
using Flotilla.Server.Watching;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>GET of objects and collections. Stored bytes go out as they are; trees are built only for tables and other versions.</summary>
public sealed class ResourceReads(ObjectStore objects, WatchHubs hubs, TimeProvider time)
{
    /// <summary>How long a read waits for a version that is not there yet.</summary>
    private static readonly TimeSpan LongestWait = TimeSpan.FromSeconds(3);

    private const int SmallestPiece = 1000;

    public async Task<ApiAnswer> GetAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (ListQuery.ParseVersion(request["resourceVersion"]) is > 0 and var version)
        {
            await ReachAsync(version, cancellationToken);
        }

        var entry = await objects.GetAsync(path.Kind, path.Key, cancellationToken);
        return Present(request, path.Kind, entry);
    }

    /// <summary>One object in the representation the client asked for.</summary>
    public ApiAnswer Present(ApiRequest request, Kind kind, StoredEntry entry, int code = 200, IReadOnlyList<string>? warnings = null)
    {
        var representation = Negotiate(request, kind, watch: false);
        if (kind.StoredAs is null && Plain(representation, kind, entry) is { } bytes)
        {
            return new ApiAnswer { Code = code, ContentType = representation.ContentType, Body = bytes, Warnings = warnings ?? [] };
        }

        var value = ObjectStore.Decode(kind, entry.Value, entry.Modified);
        return representation.Answer(
            representation.Shape switch
            {
                Shape.Table => new TableBuilder(kind, request["includeObject"], representation.MetaVersion, time).Table([value], new ListPage(entry.Modified, [], null, null)),
                Shape.Metadata => TableBuilder.Metadata(value, representation.MetaVersion),
                _ => value,
            },
            code,
            warnings);
    }

    public async Task<ApiAnswer> ListAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var query = ListQuery.Parse(request, path);
        var kind = path.Kind;
        var representation = Negotiate(request, kind, query.Watch);
        if (query.Watch)
        {
            var stream = new WatchStream(objects, hubs, query, representation, request["includeObject"], time);
            return new ApiAnswer { ContentType = representation.WatchContentType, Stream = stream.WriteAsync, IsWatch = true };
        }

        var page = await ReadPageAsync(query, cancellationToken);
        if (kind.StoredAs is null && representation is { Shape: Shape.Object, Format: MediaFormat.Json })
        {
            return new ApiAnswer { Stream = (output, token) => ListBody.WriteJsonAsync(output, kind, page, token), Size = page.Entries.Sum(entry => (long)entry.Value.Length) };
        }

        if (kind.StoredAs is null && representation.Format == MediaFormat.Protobuf)
        {
            var metadataOnly = representation.Shape == Shape.Metadata ? representation.MetaVersion : null;
            return new ApiAnswer { ContentType = representation.ContentType, Stream = (output, token) => ListBody.WriteProtobufAsync(output, kind, page, metadataOnly, token), Size = page.Entries.Sum(entry => (long)entry.Value.Length) };
        }

        var items = page.Entries.Select(entry => ObjectStore.Decode(kind, entry.Value, entry.Modified)).ToList();
        return representation.Answer(representation.Shape switch
        {
            Shape.Table => new TableBuilder(kind, request["includeObject"], representation.MetaVersion, time).Table(items, page),
            Shape.Metadata => TableBuilder.MetadataList(items, page, representation.MetaVersion),
            _ => TableBuilder.List(kind, items, page),
        });
    }

    /// <summary>The entries a collection query selects, at one revision.</summary>
    /// <exception cref="ApiException">410: that revision is forgotten; 504: it is not there yet.</exception>
    public async Task<ListPage> ReadPageAsync(ListQuery query, CancellationToken cancellationToken)
    {
        if (query is { Continue: null, ResourceVersion: > 0 })
        {
            await ReachAsync(query.ResourceVersion.Value, cancellationToken);
        }

        var stored = query.Selection.Kind.StoredAs ?? query.Selection.Kind;
        var at = query.Continue is { } token ? token.At : query.IsExact ? new Revision(query.ResourceVersion!.Value) : null;
        var startAfter = query.Continue is { } begun ? stored.StoragePrefix + begun.After : null;
        try
        {
            if (at > objects.Store.Current)
            {
                throw TooLarge(at.Value.Value);
            }

            return await ReadAsync(query, startAfter, at, cancellationToken);
        }
        catch (CompactedException) when (query.Continue is { } old)
        {
            throw Failures.ExpiredList(new ContinueToken(null, old.After).ToString());
        }
        catch (CompactedException)
        {
            throw Failures.Expired("The resourceVersion for the provided list is too old.");
        }
    }

    private async Task<ListPage> ReadAsync(ListQuery query, string? startAfter, Revision? at, CancellationToken cancellationToken)
    {
        var selection = query.Selection;
        if (selection.SingleKey is { } key && at is null)
        {
            var revision = objects.Store.Current;
            var found = await objects.Store.GetAsync(key, cancellationToken) is { } stored ? await objects.Served.OfAsync(selection.Kind, stored, cancellationToken) : (StoredEntry?)null;
            return new ListPage(found?.Modified > revision ? found.Value.Modified : revision, found is { } entry && selection.Matches(entry) ? [entry] : [], null, null);
        }

        if (selection.IsEverything)
        {
            var list = await objects.Store.ListAsync(selection.Prefix, startAfter, query.Limit, at, cancellationToken);
            return new ListPage(list.Revision, await objects.Served.OfAsync(selection.Kind, list.Entries, cancellationToken), list.HasMore ? Token(list.Revision, list.Entries[^1].Key, selection) : null, list.HasMore ? list.Remaining : null);
        }

        return await SelectAsync(query, startAfter, at, cancellationToken);
    }

    /// <summary>Reads in pieces, so that a page of what a selector finds does not take a walk through everything behind it.</summary>
    private async Task<ListPage> SelectAsync(ListQuery query, string? startAfter, Revision? at, CancellationToken cancellationToken)
    {
        var selection = query.Selection;
        var piece = query.Limit == 0 ? 0 : Math.Max(SmallestPiece, 2 * Math.Min(query.Limit, SmallestPiece));
        var selected = new List<StoredEntry>();
        while (true)
        {
            var read = await objects.Store.ListAsync(selection.Prefix, startAfter, piece, at, cancellationToken);
            foreach (var entry in await objects.Served.OfAsync(selection.Kind, read.Entries, cancellationToken))
            {
                if (!selection.Matches(entry))
                {
                    continue;
                }

                if (query.Limit > 0 && selected.Count == query.Limit)
                {
                    return new ListPage(read.Revision, selected, Token(read.Revision, selected[^1].Key, selection), null);
                }

                selected.Add(entry);
            }

            if (!read.HasMore)
            {
                return new ListPage(read.Revision, selected, null, null);
            }

            (startAfter, at) = (read.Entries[^1].Key, read.Revision);
        }
    }

    // What is committed is readable after catching up with other servers, so only the future is ever waited for.
    private async Task ReachAsync(long version, CancellationToken cancellationToken)
    {
        if (version <= objects.Store.Current.Value)
        {
            return;
        }

        await objects.Store.CatchUpAsync(cancellationToken);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var late = Task.Delay(LongestWait, time, limit.Token);
        while (version > objects.Store.Current.Value)
        {
            var progress = hubs.NextProgress;
            if (version <= objects.Store.Current.Value)
            {
                break;
            }

            if (await Task.WhenAny(progress, late) == late)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw TooLarge(version);
            }
        }

        await limit.CancelAsync();
    }

    private ApiException TooLarge(long version) => Failures.Of(
        504,
        "Timeout",
        $"Timeout: Too large resource version: {version}, current: {objects.Store.Current}",
        new k8s.Models.V1StatusDetails { RetryAfterSeconds = 1, Causes = [new k8s.Models.V1StatusCause { Reason = "ResourceVersionTooLarge", Message = "Too large resource version" }] });

    private static Representation Negotiate(ApiRequest request, Kind kind, bool watch)
    {
        var representation = Representation.Negotiate(request.Accept, Representation.HasProtobuf(kind), watch);
        if (representation.Shape == Shape.Table)
        {
            TableBuilder.Check(request["includeObject"]);
        }

        return representation;
    }

    // Without a tree: the stored bytes, or what derives from them.
    private static byte[]? Plain(Representation representation, Kind kind, StoredEntry entry)
    {
        switch (representation)
        {
            case { Shape: Shape.Object, Format: MediaFormat.Json }:
                var bytes = StoredObject.ToBytes(entry.Value, entry.Modified, extra: 1);
                bytes[^1] = (byte)'\n';
                return bytes;
            case { Shape: Shape.Object, Format: MediaFormat.Protobuf }:
                return ProtobufWriter.Body(kind.Identity, StoredFacts.Of(entry).Protobuf(kind));
            case { Shape: Shape.Metadata, Format: MediaFormat.Protobuf }:
                var version = representation.MetaVersion[(representation.MetaVersion.IndexOf('/', StringComparison.Ordinal) + 1)..];
                return ProtobufWriter.Body(new ResourceKind("meta.k8s.io", version, "PartialObjectMetadata"), ProtobufWriter.Metadata(entry.Value.Span, entry.Modified.Value));
            default:
                return null;
        }
    }

    private static string Token(Revision revision, string lastKey, Selection selection) =>
        new ContinueToken(revision, lastKey[(selection.Kind.StoredAs ?? selection.Kind).StoragePrefix.Length..]).ToString();
}

/// <summary>One page of a list as it was at a revision.</summary>
public sealed record ListPage(Revision Revision, IReadOnlyList<StoredEntry> Entries, string? Continue, long? Remaining);
