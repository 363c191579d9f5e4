using System.Buffers;
using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Flotilla.Api.Schema;

namespace Flotilla.Api.Protobuf;

/// <summary>
/// Writes <c>application/vnd.kubernetes.protobuf</c> from the JSON text of objects: messages, the envelope that names
/// apiVersion and kind, lists and the frames of watches.
/// </summary>
public static class ProtobufWriter
{
    public const string MediaType = "application/vnd.kubernetes.protobuf";
    private const int ItemsNumber = 2;

    private static readonly byte[] EmptyEncodings = [0x1a, 0, 0x22, 0];

    [ThreadStatic]
    private static MessageBuffer? scratch;

    /// <summary>The bare message of an object, without the envelope.</summary>
    /// <param name="json">The object's JSON text.</param>
    /// <param name="version">What metadata.resourceVersion is to be; null: what the text says.</param>
    public static byte[] Message(ReadOnlySpan<byte> json, MessageType type, long? version = null)
    {
        var buffer = Scratch();
        Span<byte> digits = stackalloc byte[20];
        var length = 0;
        version?.TryFormat(digits, out length, default, CultureInfo.InvariantCulture);
        new MessageEncoder(json, buffer).Encode(type, digits[..length]);
        return buffer.Written.ToArray();
    }

    /// <summary>The message of a metadata-only object: its one field is the metadata of <paramref name="json"/>.</summary>
    public static byte[] Metadata(ReadOnlySpan<byte> json, long? version = null) => Message(json, Meta("PartialObjectMetadata"), version);

    /// <summary>A whole body: the envelope around a message.</summary>
    public static byte[] Body(ResourceKind kind, ReadOnlySpan<byte> message)
    {
        var output = new ArrayBufferWriter<byte>(message.Length + 96);
        WriteHead(output, kind, message.Length);
        output.Write(message);
        output.Write(EmptyEncodings);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>What stands before the items of a list body.</summary>
    /// <param name="metadata">JSON text of the list's metadata.</param>
    /// <param name="items">The bare messages of the items.</param>
    public static void WriteListHead(IBufferWriter<byte> output, ResourceKind kind, ReadOnlySpan<byte> metadata, IReadOnlyList<byte[]> items)
    {
        var head = new MessageBuffer(128);
        head.Bytes(1, Message(metadata, Meta("ListMeta")));
        var length = (long)head.Length;
        foreach (var item in items)
        {
            length += 1 + MessageBuffer.SizeOf((uint)item.Length) + item.Length;
        }

        WriteHead(output, kind, length);
        output.Write(head.Written);
    }

    public static void WriteItem(IBufferWriter<byte> output, ReadOnlySpan<byte> message)
    {
        Span<byte> tag = stackalloc byte[11];
        tag[0] = (ItemsNumber << 3) | 2;
        output.Write(tag[..(1 + PutVarint(tag[1..], (uint)message.Length))]);
        output.Write(message);
    }

    public static void WriteListEnd(IBufferWriter<byte> output) => output.Write(EmptyEncodings);

    /// <summary>One frame of a watch: its length in four bytes, the event, and in it the body of the object.</summary>
    public static byte[] Frame(string type, ReadOnlySpan<byte> body)
    {
        var buffer = Scratch();
        buffer.Bytes(1, Encoding.ASCII.GetBytes(type));
        var at = buffer.Open(2);
        buffer.Bytes(1, body);
        buffer.Close(at);
        var frame = new byte[4 + buffer.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, buffer.Length);
        buffer.Written.CopyTo(frame.AsSpan(4));
        return frame;
    }

    private static MessageType Meta(string name) => MessageTable.Find(MessageTable.MetaPackage + name)!;

    private static MessageBuffer Scratch()
    {
        scratch ??= new MessageBuffer(4096);
        scratch.Clear();
        return scratch;
    }

    private static void WriteHead(IBufferWriter<byte> output, ResourceKind kind, long length)
    {
        var head = new MessageBuffer(96);
        head.Raw(ProtobufReader.Magic);
        var at = head.Open(1);
        head.Bytes(1, Encoding.UTF8.GetBytes(kind.ApiVersion));
        head.Bytes(2, Encoding.UTF8.GetBytes(kind.Kind));
        head.Close(at);
        Span<byte> tag = stackalloc byte[11];
        tag[0] = (2 << 3) | 2;
        head.Raw(tag[..(1 + PutVarint(tag[1..], (ulong)length))]);
        output.Write(head.Written);
    }

    private static int PutVarint(Span<byte> target, ulong value)
    {
        var at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            target[at++] = (byte)(value | 0x80);
        }

        target[at++] = (byte)value;
        return at;
    }
}
