using System.Buffers.Binary;
using System.Text;

namespace Flotilla.Network.Dns;

/// <summary>Questions to others, and the records of their answers.</summary>
public static class DnsMessages
{
    private const int MaxPointers = 32;

    public static byte[] Question(string name, RecordType type, ushort id = 0, int? ednsSize = null)
    {
        var encoded = DnsRecord.EncodeName(name);
        var message = new byte[DnsQuery.HeaderBytes + encoded.Length + 4 + (ednsSize is null ? 0 : 11)];
        BinaryPrimitives.WriteUInt16BigEndian(message, id);
        message[2] = 1;
        message[5] = 1;
        encoded.CopyTo(message, DnsQuery.HeaderBytes);
        var end = message.AsSpan(DnsQuery.HeaderBytes + encoded.Length);
        BinaryPrimitives.WriteUInt16BigEndian(end, (ushort)type);
        BinaryPrimitives.WriteUInt16BigEndian(end[2..], 1);
        if (ednsSize is { } size)
        {
            message[11] = 1;
            BinaryPrimitives.WriteUInt16BigEndian(end[5..], (ushort)RecordType.Opt);
            BinaryPrimitives.WriteUInt16BigEndian(end[7..], (ushort)size);
        }

        return message;
    }

    public static ResponseCode Code(ReadOnlySpan<byte> message) => (ResponseCode)(message[3] & 0xf);

    public static bool IsTruncated(ReadOnlySpan<byte> message) => (message[2] & 2) != 0;

    /// <summary>The answer section, names in the data of aliases written out; empty when the message is malformed.</summary>
    public static List<DnsRecord> Answers(byte[] message)
    {
        List<DnsRecord> records = [];
        try
        {
            var offset = DnsQuery.HeaderBytes;
            for (var i = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(4)); i > 0; i--)
            {
                ReadName(message, offset, out offset);
                offset += 4;
            }

            for (var i = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)); i > 0; i--)
            {
                records.Add(ReadRecord(message, ref offset));
            }
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or IndexOutOfRangeException or InvalidDataException)
        {
            records.Clear();
        }

        return records;
    }

    public static string ReadName(byte[] message, int offset, out int end)
    {
        var name = new StringBuilder();
        end = -1;
        for (var pointers = 0; pointers < MaxPointers;)
        {
            int length = message[offset++];
            if (length == 0)
            {
                end = end < 0 ? offset : end;
                return name.ToString();
            }

            if (length >= 0xc0)
            {
                end = end < 0 ? offset + 1 : end;
                offset = ((length & 0x3f) << 8) | message[offset];
                pointers++;
                continue;
            }

            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(message, offset, length).ToLowerInvariant());
            offset += length;
        }

        throw new InvalidDataException("A name points round in circles.");
    }

    private static DnsRecord ReadRecord(byte[] message, ref int offset)
    {
        var name = ReadName(message, offset, out offset);
        var fixedPart = message.AsSpan(offset, 10);
        var type = (RecordType)BinaryPrimitives.ReadUInt16BigEndian(fixedPart);
        var ttl = BinaryPrimitives.ReadInt32BigEndian(fixedPart[4..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(fixedPart[8..]);
        offset += 10;
        var data = type is RecordType.CName or RecordType.Ptr
            ? DnsRecord.EncodeName(ReadName(message, offset, out _))
            : message.AsSpan(offset, length).ToArray();
        offset += length;
        return new DnsRecord(name, type, ttl, data);
    }
}
