using System.Buffers.Binary;

namespace Flotilla.Client.Streams.Spdy;

internal enum SpdyFrameType : ushort
{
    SynStream = 1,
    SynReply = 2,
    RstStream = 3,
    Settings = 4,
    Ping = 6,
    GoAway = 7,
    Headers = 8,
    WindowUpdate = 9,
    Data = 0xFFFF,
}

/// <summary>The eight bytes in front of every frame of SPDY/3.1.</summary>
internal readonly record struct SpdyFrame(SpdyFrameType Type, int StreamId, byte Flags, int Length)
{
    public const int HeaderBytes = 8;
    public const int LongestPayload = 0xFFFFFF;
    public const byte FlagFin = 1;
    private const ushort Version = 3;

    public static SpdyFrame Read(ReadOnlySpan<byte> header)
    {
        var first = BinaryPrimitives.ReadUInt32BigEndian(header);
        var second = BinaryPrimitives.ReadUInt32BigEndian(header[4..]);
        var flags = (byte)(second >> 24);
        var length = (int)(second & LongestPayload);
        if (first >> 31 == 0)
        {
            return new SpdyFrame(SpdyFrameType.Data, (int)first, flags, length);
        }
        return (first >> 16 & 0x7FFF) == Version
            ? new SpdyFrame((SpdyFrameType)(ushort)first, 0, flags, length)
            : throw new SpdyException($"SPDY version {first >> 16 & 0x7FFF} is not supported");
    }

    public void Write(Span<byte> header)
    {
        BinaryPrimitives.WriteUInt32BigEndian(header, Type == SpdyFrameType.Data ? (uint)StreamId : 0x8000_0000 | (uint)Version << 16 | (uint)Type);
        BinaryPrimitives.WriteUInt32BigEndian(header[4..], (uint)Flags << 24 | (uint)Length);
    }
}

/// <summary>The peer broke the protocol, or ended a stream that was still needed.</summary>
public sealed class SpdyException(string message) : IOException(message);
