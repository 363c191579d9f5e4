using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Server.Objects;
using Flotilla.Server.Watching;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>GET of objects and collections. Stored bytes go out as they are; trees are built only for tables and other versions.</summary>
public sealed class ResourceReads(ObjectStore objects, WatchHubs hubs, TimeProvider time)
{
    private const int FlushBytes = 64 * 1024;

    public async Task<ApiAnswer> GetAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        if (ListQuery.IsTrue(request["watch"]))
        {
            return await ListAsync(request, path, cancellationToken);
        }

        var entry = await objects.GetAsync(path.Kind, path.Key, cancellationToken);
        return Present(request, path.Kind, entry);
    }

    /// <summary>One object in the representation the client asked for.</summary>
    public ApiAnswer Present(ApiRequest request, Kind kind, StoredEntry entry, int code = 200, IReadOnlyList<string>? warnings = null)
    {
        var representation = Representation.Negotiate(request.Accept);
        if (representation.Shape == Shape.Object && kind.StoredAs is null && !representation.IsYaml)
        {
            return new ApiAnswer { Code = code, Body = StoredObject.ToBytes(entry.Value, entry.Modified), Warnings = warnings ?? [] };
        }

        var value = ObjectStore.Decode(kind, entry.Value, entry.Modified);
        var shaped = representation.Shape switch
        {
            Shape.Table => TableBuilder.Table(kind, [value], value.Object("metadata").String("resourceVersion")!, null, null, request["includeObject"], time.GetUtcNow()),
            Shape.Metadata => TableBuilder.Metadata(value),
            _ => value,
        };
        return representation.Answer(shaped, code, warnings);
    }

    public async Task<ApiAnswer> ListAsync(ApiRequest request, ResourcePath path, CancellationToken cancellationToken)
    {
        var query = ListQuery.Parse(request, path);
        var representation = Representation.Negotiate(request.Accept);
        if (query.Watch)
        {
            var stream = new WatchStream(objects, hubs, query, representation, request["includeObject"], time);
            return new ApiAnswer { ContentType = representation.WatchContentType, Stream = stream.WriteAsync };
        }

        if (query.ResourceVersion is { } version && version > objects.Store.Current.Value)
        {
            throw TooLargeVersion(version);
        }

        var page = await ReadPageAsync(query, cancellationToken);
        var kind = path.Kind;
        if (representation.Shape == Shape.Object && kind.StoredAs is null && !representation.IsYaml)
        {
            return new ApiAnswer { Stream = (output, token) => WriteListAsync(output, kind, page, token) };
        }

        var items = page.Entries.Select(entry => ObjectStore.Decode(kind, entry.Value, entry.Modified)).ToList();
        return representation.Answer(representation.Shape switch
        {
            Shape.Table => TableBuilder.Table(kind, items, page.Revision.ToString(), page.Continue, page.Remaining, request["includeObject"], time.GetUtcNow()),
            Shape.Metadata => TableBuilder.MetadataList(items, page.Revision.ToString(), page.Continue, page.Remaining),
            _ => TableBuilder.List(kind, items, page.Revision.ToString(), page.Continue, page.Remaining),
        });
    }

    /// <summary>The entries a collection query selects, at one revision.</summary>
    public async Task<ListPage> ReadPageAsync(ListQuery query, CancellationToken cancellationToken)
    {
        var at = query.ContinueAt ?? (query.Match == "Exact" && query.ResourceVersion is { } exact ? new Revision(exact) : null);
        var prefix = query.Selection.Prefix;
        var startAfter = query.ContinueAfter is { } after ? (query.Selection.Kind.StoredAs ?? query.Selection.Kind).StoragePrefix + after : null;
        try
        {
            if (query.Selection.IsEverything)
            {
                var list = await objects.Store.ListAsync(prefix, startAfter, query.Limit, at, cancellationToken);
                return new ListPage(list.Revision, await objects.Served.OfAsync(query.Selection.Kind, list.Entries, cancellationToken), list.HasMore ? Token(list.Revision, list.Entries[^1].Key, query) : null, list.HasMore ? list.Remaining : null);
            }

            return await ReadSelectedAsync(query, prefix, startAfter, at, cancellationToken);
        }
        catch (CompactedException)
        {
            throw Failures.Expired("The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.");
        }
    }

    private async Task<ListPage> ReadSelectedAsync(ListQuery query, string prefix, string? startAfter, Revision? at, CancellationToken cancellationToken)
    {
        var list = await objects.Store.ListAsync(prefix, startAfter, 0, at, cancellationToken);
        var selected = new List<StoredEntry>();
        foreach (var entry in await objects.Served.OfAsync(query.Selection.Kind, list.Entries, cancellationToken))
        {
            if (!query.Selection.Matches(entry.Key, entry.Value))
            {
                continue;
            }

            if (query.Limit > 0 && selected.Count == query.Limit)
            {
                return new ListPage(list.Revision, selected, Token(list.Revision, selected[^1].Key, query), null);
            }

            selected.Add(entry);
        }

        return new ListPage(list.Revision, selected, null, null);
    }

    private static string Token(Revision revision, string lastKey, ListQuery query) =>
        ListQuery.ContinueToken(revision, lastKey[(query.Selection.Kind.StoredAs ?? query.Selection.Kind).StoragePrefix.Length..]);

    private static async Task WriteListAsync(PipeWriter output, Kind kind, ListPage page, CancellationToken cancellationToken)
    {
        var metadata = new JsonObject { ["resourceVersion"] = page.Revision.ToString() };
        if (page.Continue is not null)
        {
            metadata["continue"] = page.Continue;
        }

        if (page.Remaining is { } remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        output.Write(System.Text.Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.ListName}\",\"apiVersion\":\"{kind.Identity.ApiVersion}\",\"metadata\":{metadata.ToJsonString()},\"items\":["));
        var pending = 0L;
        for (var i = 0; i < page.Entries.Count; i++)
        {
            if (i > 0)
            {
                output.Write(","u8);
            }

            WriteItem(output, page.Entries[i]);
            pending += page.Entries[i].Value.Length;
            if (pending > FlushBytes)
            {
                pending = 0;
                await output.FlushAsync(cancellationToken);
            }
        }

        output.Write("]}"u8);
        await output.FlushAsync(cancellationToken);
    }

    // Items of a typed list do not repeat their kind and apiVersion.
    private static void WriteItem(PipeWriter output, StoredEntry entry)
    {
        var start = entry.Value.Span.IndexOf("\"metadata\":{"u8);
        output.Write("{"u8);
        StoredObject.WriteTo(output, entry.Value[start..], entry.Modified);
    }

    private static ApiException TooLargeVersion(long version)
    {
        var status = Failures.Of(
            504,
            "Timeout",
            $"Timeout: Too large resource version: {version}",
            new k8s.Models.V1StatusDetails { RetryAfterSeconds = 1, Causes = [new k8s.Models.V1StatusCause { Reason = "ResourceVersionTooLarge", Message = "Too large resource version" }] });
        return status;
    }
}

/// <summary>One page of a list as it was at a revision.</summary>
public sealed record ListPage(Revision Revision, IReadOnlyList<StoredEntry> Entries, string? Continue, long? Remaining);
