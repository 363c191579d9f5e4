using System.Buffers.Binary;

namespace Flotilla.Node.Streaming.Runtime;

internal enum SpdyFrameType
{
    Data = 0,
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
}

[Flags]
internal enum SpdyFlags
{
    None = 0,
    Fin = 1,
    Unidirectional = 2,
}

/// <summary>One frame. <c>StreamId</c> is set for data frames only; control frames carry theirs in the payload.</summary>
internal readonly record struct SpdyFrame(SpdyFrameType Type, int StreamId, SpdyFlags Flags, ReadOnlyMemory<byte> Payload)
{
    private const int HeaderBytes = 8;
    private const int MaxPayloadBytes = 1 << 24;
    private const ushort ControlVersion3 = 0x8003;

    /// <returns>null where the connection ended between two frames.</returns>
    public static async ValueTask<SpdyFrame?> ReadAsync(Stream stream, CancellationToken cancellationToken)
    {
        var header = new byte[HeaderBytes];
        var read = await stream.ReadAtLeastAsync(header, HeaderBytes, throwOnEndOfStream: false, cancellationToken);
        if (read == 0)
        {
            return null;
        }
        if (read < HeaderBytes)
        {
            throw new EndOfStreamException("The connection ended within a frame.");
        }
        var length = (header[5] << 16) | (header[6] << 8) | header[7];
        var payload = new byte[length];
        await stream.ReadExactlyAsync(payload, cancellationToken);
        var flags = (SpdyFlags)header[4];
        if ((header[0] & 0x80) == 0)
        {
            return new SpdyFrame(SpdyFrameType.Data, BinaryPrimitives.ReadInt32BigEndian(header), flags, payload);
        }
        if (BinaryPrimitives.ReadUInt16BigEndian(header) != ControlVersion3)
        {
            throw new InvalidDataException("A frame is not of SPDY version 3.");
        }
        return new SpdyFrame((SpdyFrameType)BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)), 0, flags, payload);
    }

    public byte[] Encode()
    {
        if (Payload.Length >= MaxPayloadBytes)
        {
            throw new InvalidOperationException("A frame is too large.");
        }
        var bytes = new byte[HeaderBytes + Payload.Length];
        if (Type == SpdyFrameType.Data)
        {
            BinaryPrimitives.WriteInt32BigEndian(bytes, StreamId);
        }
        else
        {
            BinaryPrimitives.WriteUInt16BigEndian(bytes, ControlVersion3);
            BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(2), (ushort)Type);
        }
        BinaryPrimitives.WriteInt32BigEndian(bytes.AsSpan(4), Payload.Length);
        bytes[4] = (byte)Flags;
        Payload.Span.CopyTo(bytes.AsSpan(HeaderBytes));
        return bytes;
    }
}
