using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Flotilla.Api.Protobuf;

/// <summary>
/// A message in the making. Lengths stand before what they measure, so a nested message is opened with room for a
/// one-byte length and moved up when it turns out longer.
/// </summary>
internal sealed class MessageBuffer(int capacity = 1024)
{
    private const int Varints = 0;
    private const int Fixed64 = 1;
    private const int Delimited = 2;

    private readonly List<(int Number, int Start)> fields = [];
    private byte[] bytes = new byte[capacity];

    public int Length { get; private set; }

    public ReadOnlySpan<byte> Written => bytes.AsSpan(0, Length);

    /// <summary>How many fields are begun in the messages that are open; what <see cref="Order"/> needs.</summary>
    public int Fields => fields.Count;

    public void Clear()
    {
        Length = 0;
        fields.Clear();
    }

    /// <summary>What is written from here to the next call belongs to one field of the innermost message.</summary>
    public void Begin(int number) => fields.Add((number, Length));

    /// <summary>Puts the fields begun since there were <paramref name="first"/> in the order of their numbers, as upstream's encoders write them.</summary>
    public void Order(int first)
    {
        var begun = fields.Count - first;
        if (!IsAscending(CollectionsMarshal.AsSpan(fields)[first..]))
        {
            var parts = new (int Number, Range Place)[begun];
            for (var i = 0; i < begun; i++)
            {
                var (number, start) = fields[first + i];
                parts[i] = (number, start..(i + 1 < begun ? fields[first + i + 1].Start : Length));
            }

            var from = fields[first].Start;
            Array.Sort(parts, static (left, right) => (left.Number, left.Place.Start.Value).CompareTo((right.Number, right.Place.Start.Value)));
            Reorder(from, [.. parts.Select(part => part.Place)]);
        }

        CollectionsMarshal.SetCount(fields, first);
    }

    public void Integer(int number, long value)
    {
        Varint((uint)(number << 3) | Varints);
        Varint((ulong)value);
    }

    public void Double(int number, double value)
    {
        Varint((uint)(number << 3) | Fixed64);
        BinaryPrimitives.WriteDoubleLittleEndian(Room(8), value);
        Length += 8;
    }

    public void Bytes(int number, ReadOnlySpan<byte> value)
    {
        Varint((uint)(number << 3) | Delimited);
        Varint((uint)value.Length);
        Raw(value);
    }

    public void Raw(ReadOnlySpan<byte> value)
    {
        value.CopyTo(Room(value.Length));
        Length += value.Length;
    }

    /// <summary>Begins a nested message, or text of unknown length. Returns what <see cref="Close"/> needs.</summary>
    public int Open(int number)
    {
        Varint((uint)(number << 3) | Delimited);
        Room(1);
        return ++Length;
    }

    public void Close(int start)
    {
        var length = Length - start;
        var extra = SizeOf((uint)length) - 1;
        if (extra > 0)
        {
            Room(extra);
            bytes.AsSpan(start, length).CopyTo(bytes.AsSpan(start + extra));
        }

        Length = start - 1;
        Varint((uint)length);
        Length += length;
    }

    /// <summary>At least so many bytes to write to; they count only once <see cref="Advance"/> was called.</summary>
    public Span<byte> Room(int count)
    {
        if (bytes.Length - Length < count)
        {
            Array.Resize(ref bytes, Math.Max(bytes.Length * 2, Length + count));
        }

        return bytes.AsSpan(Length);
    }

    public void Advance(int count) => Length += count;

    /// <summary>Puts the parts of a region that begins at <paramref name="start"/> into another order.</summary>
    public void Reorder(int start, IReadOnlyList<Range> parts)
    {
        var copy = bytes.AsSpan(start, Length - start).ToArray();
        var at = start;
        foreach (var part in parts)
        {
            var (offset, length) = (part.Start.Value - start, part.End.Value - part.Start.Value);
            copy.AsSpan(offset, length).CopyTo(bytes.AsSpan(at));
            at += length;
        }
    }

    private static bool IsAscending(ReadOnlySpan<(int Number, int Start)> fields)
    {
        for (var i = 1; i < fields.Length; i++)
        {
            if (fields[i].Number < fields[i - 1].Number)
            {
                return false;
            }
        }

        return true;
    }

    public static int SizeOf(ulong value)
    {
        var size = 1;
        for (; value >= 0x80; value >>= 7)
        {
            size++;
        }

        return size;
    }

    private void Varint(ulong value)
    {
        var room = Room(10);
        var at = 0;
        for (; value >= 0x80; value >>= 7)
        {
            room[at++] = (byte)(value | 0x80);
        }

        room[at++] = (byte)value;
        Length += at;
    }
}
