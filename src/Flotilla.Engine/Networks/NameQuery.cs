using System.Buffers.Binary;
using System.Net;
using System.Text;

namespace Flotilla.Engine.Networks;

/// <summary>The question of a DNS message, and its answer with addresses. Pure.</summary>
internal sealed record NameQuery(string Name, int Type, int End)
{
    private const int HeaderLength = 12;
    private const int AddressType = 1;
    private const int TimeToLiveSeconds = 600;

    /// <returns>null: that is no question.</returns>
    public static NameQuery? Parse(ReadOnlySpan<byte> message)
    {
        if (message.Length < HeaderLength || (message[2] & 0x80) != 0 || BinaryPrimitives.ReadUInt16BigEndian(message[4..]) != 1)
        {
            return null;
        }

        var name = new StringBuilder();
        var at = HeaderLength;
        while (at < message.Length && message[at] is > 0 and < 64 and var length)
        {
            if (at + 1 + length > message.Length)
            {
                return null;
            }

            name.Append(name.Length > 0 ? "." : "").Append(Encoding.ASCII.GetString(message.Slice(at + 1, length)));
            at += 1 + length;
        }

        return at + 5 > message.Length || message[at] != 0 ? null : new NameQuery(name.ToString(), BinaryPrimitives.ReadUInt16BigEndian(message[(at + 1)..]), at + 5);
    }

    /// <summary>The addresses where they were asked for; of other kinds the name has nothing.</summary>
    public byte[] Answer(ReadOnlySpan<byte> query, IReadOnlyList<IPAddress> addresses)
    {
        var records = Type == AddressType ? addresses : [];
        var answer = new byte[End + (records.Count * 16)];
        query[..End].CopyTo(answer);

        // An answer, with recursion as it was asked for and available, no fault, one question.
        answer[2] = (byte)(0x80 | (query[2] & 0x01));
        answer[3] = 0x80;
        BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(6), (ushort)records.Count);
        answer.AsSpan(8, 4).Clear();
        var at = End;
        foreach (var address in records)
        {
            BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(at), 0xC00C);
            BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(at + 2), AddressType);
            BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(at + 4), 1);
            BinaryPrimitives.WriteInt32BigEndian(answer.AsSpan(at + 6), TimeToLiveSeconds);
            BinaryPrimitives.WriteUInt16BigEndian(answer.AsSpan(at + 10), 4);
            address.GetAddressBytes().CopyTo(answer.AsSpan(at + 12));
            at += 16;
        }

        return answer;
    }
}
