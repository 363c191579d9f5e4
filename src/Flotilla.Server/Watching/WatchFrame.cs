using System.Buffers;
using Flotilla.Api.Kinds;
using Flotilla.Api.Protobuf;
using Flotilla.Server.Http;
using Flotilla.Server.Objects;
using Flotilla.Storage;

namespace Flotilla.Server.Watching;

public enum ChangeType
{
    Added,
    Modified,
    Deleted,
}

/// <summary>One change as watchers of its resource see it. Frames are encoded on first use and then shared by all.</summary>
public sealed class WatchFrame(StoreEvent change)
{
    private const int Types = 3;
    private readonly byte[]?[] frames = new byte[2 * Types][];

    public StoreEvent Change { get; } = change;

    public Revision Revision => Change.Revision;

    /// <summary>An object that is there already, as the beginning of a watch shows it.</summary>
    public static WatchFrame Of(StoredEntry entry) =>
        new(new StoreEvent(entry.Key, entry.Value, entry.Modified, entry.Created, null, null) { Notes = entry.Notes });

    /// <summary>The state a watcher is told of: what a change leaves, or what it took away.</summary>
    public ReadOnlyMemory<byte> ObjectFor(ChangeType type) =>
        (type == ChangeType.Deleted ? Change.Previous ?? Change.Value : Change.Value ?? Change.Previous) ?? default;

    public ReadOnlyMemory<byte> Encode(ChangeType type, Kind kind, MediaFormat format)
    {
        ref var frame = ref frames[(format == MediaFormat.Protobuf ? Types : 0) + (int)type];
        return frame ??= format == MediaFormat.Protobuf ? EncodeProtobuf(type, kind) : EncodeJson(type);
    }

    public static string NameOf(ChangeType type) => type switch { ChangeType.Added => "ADDED", ChangeType.Modified => "MODIFIED", _ => "DELETED" };

    private byte[] EncodeProtobuf(ChangeType type, Kind kind)
    {
        var stored = ObjectFor(type);
        var message = type == ChangeType.Deleted
            ? ProtobufWriter.Message(stored.Span, MessageTable.Find(kind.Identity)!, Revision.Value)
            : StoredFacts.Of(Change.Notes, stored, Revision).Protobuf(kind);
        return ProtobufWriter.Frame(NameOf(type), ProtobufWriter.Body(kind.Identity, message));
    }

    private byte[] EncodeJson(ChangeType type)
    {
        var stored = ObjectFor(type);
        var buffer = new ArrayBufferWriter<byte>(stored.Length + 96);
        buffer.Write(type switch
        {
            ChangeType.Added => "{\"type\":\"ADDED\",\"object\":"u8,
            ChangeType.Modified => "{\"type\":\"MODIFIED\",\"object\":"u8,
            _ => "{\"type\":\"DELETED\",\"object\":"u8,
        });
        StoredObject.WriteTo(buffer, stored, Revision);
        buffer.Write("}\n"u8);
        return buffer.WrittenSpan.ToArray();
    }
}
