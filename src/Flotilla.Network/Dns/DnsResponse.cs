using System.Buffers.Binary;

namespace Flotilla.Network.Dns;

/// <summary>Writes answers in wire form.</summary>
public static class DnsResponse
{
    public const int PlainUdpBytes = 512;
    public const int MaxUdpBytes = 1232;
    private const ushort Response = 0x8000;
    private const ushort Authoritative = 0x0400;
    private const ushort Truncated = 0x0200;
    private const ushort RecursionDesired = 0x0100;
    private const ushort RecursionAvailable = 0x0080;

    /// <summary>How much the client takes over UDP, kept below what would be fragmented.</summary>
    public static int UdpLimit(DnsQuery query) => Math.Clamp(query.EdnsSize ?? PlainUdpBytes, PlainUdpBytes, MaxUdpBytes);

    /// <summary>At most <paramref name="limit"/> bytes: what does not fit is left out and the answer marked truncated.</summary>
    public static byte[] Write(DnsQuery query, DnsAnswer answer, int limit)
    {
        var message = new MemoryStream();
        message.Write(new byte[DnsQuery.HeaderBytes]);
        message.Write(query.Question.Span);
        var reserved = query.EdnsSize is null ? 0 : 11;
        var flags = (ushort)(Response | Authoritative | RecursionAvailable
            | (query.RecursionDesired ? RecursionDesired : 0) | (query.OpCode << 11) | (byte)answer.Code);
        var counts = new ushort[3];
        IReadOnlyList<DnsRecord>[] sections = [answer.Answers, answer.Authority, answer.Additional];
        for (var section = 0; section < sections.Length; section++)
        {
            foreach (var record in sections[section])
            {
                var bytes = Encode(record, query);
                if (message.Length + bytes.Length + reserved > limit)
                {
                    // Additional records are a courtesy; their absence is no truncation.
                    flags |= section < 2 ? Truncated : (ushort)0;
                    section = sections.Length;
                    break;
                }

                message.Write(bytes);
                counts[section]++;
            }
        }

        if (reserved > 0)
        {
            WriteEdns(message);
            counts[2]++;
        }

        var result = message.ToArray();
        BinaryPrimitives.WriteUInt16BigEndian(result, query.Id);
        BinaryPrimitives.WriteUInt16BigEndian(result.AsSpan(2), flags);
        BinaryPrimitives.WriteUInt16BigEndian(result.AsSpan(4), 1);
        for (var section = 0; section < counts.Length; section++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(result.AsSpan(6 + (2 * section)), counts[section]);
        }

        return result;
    }

    private static byte[] Encode(DnsRecord record, DnsQuery query)
    {
        // Nearly every record is about the name asked for, which stands right after the header.
        byte[] name = record.Name == query.Name ? [0xc0, DnsQuery.HeaderBytes] : DnsRecord.EncodeName(record.Name);
        var bytes = new byte[name.Length + 10 + record.Data.Length];
        name.CopyTo(bytes, 0);
        var rest = bytes.AsSpan(name.Length);
        BinaryPrimitives.WriteUInt16BigEndian(rest, (ushort)record.Type);
        BinaryPrimitives.WriteUInt16BigEndian(rest[2..], 1);
        BinaryPrimitives.WriteInt32BigEndian(rest[4..], record.TtlSeconds);
        BinaryPrimitives.WriteUInt16BigEndian(rest[8..], (ushort)record.Data.Length);
        record.Data.CopyTo(rest[10..]);
        return bytes;
    }

    private static void WriteEdns(MemoryStream message)
    {
        Span<byte> opt = stackalloc byte[11];
        opt.Clear();
        BinaryPrimitives.WriteUInt16BigEndian(opt[1..], (ushort)RecordType.Opt);
        BinaryPrimitives.WriteUInt16BigEndian(opt[3..], MaxUdpBytes);
        message.Write(opt);
    }
}
