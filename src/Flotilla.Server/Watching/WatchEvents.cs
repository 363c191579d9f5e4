using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;
using k8s.Models;

namespace Flotilla.Server.Watching;

/// <summary>The events of one watch in the representation its client asked for.</summary>
internal sealed class WatchEvents(Kind kind, Representation representation, string? includeObject, TimeProvider time)
{
    private readonly TableBuilder tables = new(kind, includeObject, representation.MetaVersion, time);
    private bool hasHeaders;

    public void Write(IBufferWriter<byte> output, SeenChange change)
    {
        if (representation.Shape == Shape.Object && kind.StoredAs is null)
        {
            output.Write(change.Frame.Encode(change.Type, kind, representation.Format).Span);
            return;
        }

        var value = ObjectStore.Decode(kind, change.Frame.ObjectFor(change.Type), change.Frame.Revision);
        Write(output, WatchFrame.NameOf(change.Type), Shaped(value, change.Frame.Revision));
    }

    public void WriteBookmark(IBufferWriter<byte> output, Revision revision, bool initialEnd)
    {
        var metadata = new JsonObject { ["resourceVersion"] = revision.ToString() };
        if (initialEnd)
        {
            metadata["annotations"] = new JsonObject { ["k8s.io/initial-events-end"] = "true" };
        }

        var bookmark = new JsonObject { ["kind"] = kind.Name, ["apiVersion"] = kind.Identity.ApiVersion, ["metadata"] = metadata };
        Write(output, "BOOKMARK", Shaped(bookmark, revision));
    }

    public void WriteError(IBufferWriter<byte> output, V1Status status) => Write(output, "ERROR", Failures.ToJson(status));

    // Columns stand in the first table only; the client remembers them.
    private JsonObject Shaped(JsonObject value, Revision revision)
    {
        switch (representation.Shape)
        {
            case Shape.Table:
                var table = tables.Table([value], new ListPage(revision, [], null, null), headers: !hasHeaders);
                hasHeaders = true;
                return table;
            case Shape.Metadata:
                return TableBuilder.Metadata(value, representation.MetaVersion);
            default:
                return value;
        }
    }

    private void Write(IBufferWriter<byte> output, string type, JsonObject value)
    {
        if (representation.Format == MediaFormat.Protobuf)
        {
            output.Write(ProtobufWriter.Frame(type, representation.Encode(value)));
            return;
        }

        output.Write(Encoding.ASCII.GetBytes($"{{\"type\":\"{type}\",\"object\":"));
        output.Write(StoredObject.Serialize(value));
        output.Write("}\n"u8);
    }
}
