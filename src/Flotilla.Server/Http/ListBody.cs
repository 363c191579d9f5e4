using System.Buffers;
using System.IO.Pipelines;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Api.Schema;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Http;

/// <summary>Lists on the wire, written from stored bytes as they go out: no list is ever held as one string.</summary>
internal static class ListBody
{
    private const int FlushBytes = 64 * 1024;

    public static async Task WriteJsonAsync(PipeWriter output, Kind kind, ListPage page, CancellationToken cancellationToken)
    {
        output.Write(Encoding.UTF8.GetBytes($"{{\"kind\":\"{kind.ListName}\",\"apiVersion\":\"{kind.Identity.ApiVersion}\",\"metadata\":{Metadata(page).ToJsonString()},\"items\":["));
        var pending = 0;
        for (var i = 0; i < page.Entries.Count; i++)
        {
            if (i > 0)
            {
                output.Write(","u8);
            }

            pending += WriteItem(output, kind, page.Entries[i]);
            if (pending > FlushBytes)
            {
                pending = 0;
                await output.FlushAsync(cancellationToken);
            }
        }

        output.Write("]}\n"u8);
        await output.FlushAsync(cancellationToken);
    }

    // Clients without a type for custom resources read what each item says it is.
    private static int WriteItem(PipeWriter output, Kind kind, StoredEntry entry)
    {
        if (kind.Custom is null)
        {
            return StoredObject.WriteItem(output, entry.Value.Span, entry.Modified);
        }

        StoredObject.WriteTo(output, entry.Value, entry.Modified);
        return entry.Value.Length;
    }

    /// <param name="metadataOnly">The list is one of metadata: <c>PartialObjectMetadataList</c> of that version.</param>
    public static async Task WriteProtobufAsync(PipeWriter output, Kind kind, ListPage page, string? metadataOnly, CancellationToken cancellationToken)
    {
        var items = new byte[page.Entries.Count][];
        for (var i = 0; i < items.Length; i++)
        {
            var entry = page.Entries[i];
            items[i] = metadataOnly is null ? StoredFacts.Of(entry).Protobuf(kind) : ProtobufWriter.Metadata(entry.Value.Span, entry.Modified.Value);
        }

        var identity = metadataOnly is null
            ? new ResourceKind(kind.Group, kind.Version, kind.ListName)
            : new ResourceKind("meta.k8s.io", metadataOnly[(metadataOnly.IndexOf('/', StringComparison.Ordinal) + 1)..], "PartialObjectMetadataList");
        ProtobufWriter.WriteListHead(output, identity, Encoding.UTF8.GetBytes(Metadata(page).ToJsonString()), items);
        var pending = 0;
        foreach (var item in items)
        {
            ProtobufWriter.WriteItem(output, item);
            pending += item.Length;
            if (pending > FlushBytes)
            {
                pending = 0;
                await output.FlushAsync(cancellationToken);
            }
        }

        ProtobufWriter.WriteListEnd(output);
        await output.FlushAsync(cancellationToken);
    }

    public static JsonObject Metadata(ListPage page)
    {
        var metadata = new JsonObject();
        if (page.Revision != default)
        {
            metadata["resourceVersion"] = page.Revision.ToString();
        }

        if (page.Continue is not null)
        {
            metadata["continue"] = page.Continue;
        }

        if (page.Remaining is { } remaining)
        {
            metadata["remainingItemCount"] = remaining;
        }

        return metadata;
    }
}
