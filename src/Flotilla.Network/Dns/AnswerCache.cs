using System.Buffers.Binary;
using System.Collections.Concurrent;

namespace Flotilla.Network.Dns;

/// <summary>
/// Answers of others for as long as they say, and no longer than half a minute. A full cache takes no more until
/// something in it expires. Any thread may call.
/// </summary>
public sealed class AnswerCache(TimeProvider time, int capacity = 10_000)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(30);
    private readonly ConcurrentDictionary<string, Kept> answers = new(StringComparer.Ordinal);

    /// <summary>The answer to this very question, with its id and what is left of its records' times; null: ask.</summary>
    /// <param name="message">The whole question, with what the client said of itself.</param>
    public byte[]? Find(DnsQuery query, ReadOnlySpan<byte> message, bool overTcp)
    {
        var key = KeyOf(query, message, overTcp);
        if (!answers.TryGetValue(key, out var kept))
        {
            return null;
        }

        var age = time.GetUtcNow() - kept.Since;
        if (age >= kept.Time)
        {
            answers.TryRemove(KeyValuePair.Create(key, kept));
            return null;
        }

        var answer = kept.Message.ToArray();
        message[..2].CopyTo(answer);

        // The client recognizes its question by every letter, also capital ones.
        query.Question.Span.CopyTo(answer.AsSpan(DnsQuery.HeaderBytes));
        foreach (var offset in kept.Times)
        {
            var left = BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(offset)) - (uint)age.TotalSeconds;
            BinaryPrimitives.WriteUInt32BigEndian(answer.AsSpan(offset), left);
        }

        return answer;
    }

    public void Keep(DnsQuery query, ReadOnlySpan<byte> message, bool overTcp, byte[] answer)
    {
        if (DnsMessages.Code(answer) is not (ResponseCode.NoError or ResponseCode.NameError) || DnsMessages.IsTruncated(answer) || Times(answer) is not { Count: > 0 } times)
        {
            return;
        }

        var seconds = times.Min(offset => BinaryPrimitives.ReadUInt32BigEndian(answer.AsSpan(offset)));
        if (seconds == 0 || (answers.Count >= capacity && !MakeRoom()))
        {
            return;
        }

        var span = TimeSpan.FromSeconds(Math.Min(seconds, Longest.TotalSeconds));
        answers[KeyOf(query, message, overTcp)] = new Kept(answer.ToArray(), times, time.GetUtcNow(), span);
    }

    private bool MakeRoom()
    {
        var now = time.GetUtcNow();
        foreach (var old in answers.Where(one => now - one.Value.Since >= one.Value.Time))
        {
            answers.TryRemove(old);
        }

        return answers.Count < capacity;
    }

    // Flags and options change the answer, so that they are part of the question; only the id and capital letters are not.
    private static string KeyOf(DnsQuery query, ReadOnlySpan<byte> message, bool overTcp) =>
        $"{query.Name} {(int)query.Type} {query.Class} {(overTcp ? "tcp" : "udp")} {Convert.ToHexString(message[2..4])}{Convert.ToHexString(message[(DnsQuery.HeaderBytes + query.Question.Length)..])}";

    /// <summary>Where the records' times stand; null: the message makes no sense.</summary>
    private static List<int>? Times(byte[] message)
    {
        try
        {
            List<int> times = [];
            var offset = DnsQuery.HeaderBytes;
            for (var i = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(4)); i > 0; i--)
            {
                DnsMessages.ReadName(message, offset, out offset);
                offset += 4;
            }

            var records = BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(6)) + BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(8)) + BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(10));
            for (; records > 0; records--)
            {
                DnsMessages.ReadName(message, offset, out offset);

                // In the options' place the time means something else.
                if (BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(offset)) != (ushort)RecordType.Opt)
                {
                    times.Add(offset + 4);
                }

                offset += 10 + BinaryPrimitives.ReadUInt16BigEndian(message.AsSpan(offset + 8));
            }

            return times;
        }
        catch (Exception error) when (error is ArgumentOutOfRangeException or IndexOutOfRangeException or InvalidDataException)
        {
            return null;
        }
    }

    private sealed record Kept(byte[] Message, IReadOnlyList<int> Times, DateTimeOffset Since, TimeSpan Time);
}
