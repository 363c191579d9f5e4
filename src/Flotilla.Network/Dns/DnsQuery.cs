using System.Buffers.Binary;
using System.Text;

namespace Flotilla.Network.Dns;

/// <summary>A parsed question. <see cref="Name"/> is lower case, without the final dot; <see cref="Question"/> is its original bytes.</summary>
public sealed record DnsQuery(
    ushort Id, bool RecursionDesired, byte OpCode, string Name, RecordType Type, ushort Class, ReadOnlyMemory<byte> Question, int? EdnsSize)
{
    public const int HeaderBytes = 12;
    private const int MaxNameBytes = 255;

    /// <summary>False when the message is not a question this server can even answer with an error.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> message, out DnsQuery query)
    {
        query = null!;
        var bytes = message.Span;
        if (bytes.Length < HeaderBytes || (bytes[2] & 0x80) != 0 || BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]) != 1)
        {
            return false;
        }

        var offset = HeaderBytes;
        if (!TryReadName(bytes, ref offset, out var name) || offset + 4 > bytes.Length)
        {
            return false;
        }

        var type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
        var dnsClass = BinaryPrimitives.ReadUInt16BigEndian(bytes[(offset + 2)..]);
        offset += 4;
        query = new DnsQuery(
            BinaryPrimitives.ReadUInt16BigEndian(bytes),
            (bytes[2] & 1) != 0,
            (byte)((bytes[2] >> 3) & 0xf),
            name,
            type,
            dnsClass,
            message[HeaderBytes..offset],
            FindEdnsSize(bytes, offset));
        return true;
    }

    /// <summary>Reads a name without following compression pointers: a question has nothing before it to point to.</summary>
    private static bool TryReadName(ReadOnlySpan<byte> bytes, ref int offset, out string name)
    {
        var text = new StringBuilder();
        name = "";
        while (offset < bytes.Length && text.Length <= MaxNameBytes)
        {
            int length = bytes[offset++];
            if (length == 0)
            {
                name = text.ToString();
                return true;
            }

            if (length > 63 || offset + length > bytes.Length)
            {
                return false;
            }

            text.Append(text.Length > 0 ? "." : "");
            foreach (var character in bytes.Slice(offset, length))
            {
                text.Append(char.ToLowerInvariant((char)character));
            }

            offset += length;
        }

        return false;
    }

    /// <summary>How large an answer over UDP the client takes, if it says so.</summary>
    private static int? FindEdnsSize(ReadOnlySpan<byte> bytes, int offset)
    {
        var records = BinaryPrimitives.ReadUInt16BigEndian(bytes[6..])
            + BinaryPrimitives.ReadUInt16BigEndian(bytes[8..])
            + BinaryPrimitives.ReadUInt16BigEndian(bytes[10..]);
        for (var i = 0; i < records; i++)
        {
            if (!TryReadName(bytes, ref offset, out var name) || offset + 10 > bytes.Length)
            {
                return null;
            }

            var type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(bytes[offset..]);
            if (type == RecordType.Opt && name.Length == 0)
            {
                return BinaryPrimitives.ReadUInt16BigEndian(bytes[(offset + 2)..]);
            }

            offset += 10 + BinaryPrimitives.ReadUInt16BigEndian(bytes[(offset + 8)..]);
        }

        return null;
    }
}
