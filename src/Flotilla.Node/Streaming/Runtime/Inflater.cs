namespace Flotilla.Node.Streaming.Runtime;

/// <summary>
/// Inflates (RFC 1951) a stream that comes in whole blocks, each flushed to a byte boundary, with a preset dictionary:
/// what SPDY's header blocks are, and what the platform's own inflater offers no dictionary for.
/// </summary>
internal sealed class Inflater(byte[] dictionary, int maxOutputBytes)
{
    private const int WindowSize = 32768;

    private static readonly int[] LengthBase = [3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258];
    private static readonly int[] LengthExtra = [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0];
    private static readonly int[] DistanceBase = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577];
    private static readonly int[] DistanceExtra = [0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13];
    private static readonly int[] CodeLengthOrder = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

    private static readonly HuffmanCode FixedLiterals = new(FixedLengths());
    private static readonly HuffmanCode FixedDistances = new(Enumerable.Repeat(5, 30).ToArray());

    private readonly List<byte> window = [.. dictionary];
    private byte[] input = [];
    private int position;
    private int bits;
    private int bitCount;

    /// <exception cref="InvalidDataException">The bytes are not deflated data, or inflate to more than is allowed.</exception>
    public byte[] Inflate(ReadOnlySpan<byte> block)
    {
        input = block.ToArray();
        position = bits = bitCount = 0;
        var start = window.Count;
        var final = false;
        while (position < input.Length && !final)
        {
            final = Bits(1) == 1;
            switch (Bits(2))
            {
                case 0:
                    CopyStored();
                    break;
                case 1:
                    Decode(FixedLiterals, FixedDistances, start);
                    break;
                case 2:
                    var (literals, distances) = ReadCodes();
                    Decode(literals, distances, start);
                    break;
                default:
                    throw new InvalidDataException("A deflate block has an unknown type.");
            }
            CheckSize(start);
        }
        var output = window.GetRange(start, window.Count - start).ToArray();
        if (window.Count > WindowSize)
        {
            window.RemoveRange(0, window.Count - WindowSize);
        }
        return output;
    }

    private void CheckSize(int start)
    {
        if (window.Count - start > maxOutputBytes)
        {
            throw new InvalidDataException("A header block is too large.");
        }
    }

    private void CopyStored()
    {
        bits = bitCount = 0;
        var length = Byte() | (Byte() << 8);
        if ((length ^ 0xFFFF) != (Byte() | (Byte() << 8)))
        {
            throw new InvalidDataException("A stored block's length is damaged.");
        }
        for (var i = 0; i < length; i++)
        {
            window.Add((byte)Byte());
        }
    }

    private void Decode(HuffmanCode literals, HuffmanCode distances, int start)
    {
        while (true)
        {
            var symbol = literals.Read(this);
            if (symbol == 256)
            {
                return;
            }
            if (symbol < 256)
            {
                window.Add((byte)symbol);
            }
            else
            {
                CopyMatch(symbol - 257, distances);
            }
            CheckSize(start);
        }
    }

    private void CopyMatch(int lengthCode, HuffmanCode distances)
    {
        if (lengthCode >= LengthBase.Length)
        {
            throw new InvalidDataException("A match has an unknown length.");
        }
        var length = LengthBase[lengthCode] + Bits(LengthExtra[lengthCode]);
        var distanceCode = distances.Read(this);
        if (distanceCode >= DistanceBase.Length)
        {
            throw new InvalidDataException("A match has an unknown distance.");
        }
        var from = window.Count - DistanceBase[distanceCode] - Bits(DistanceExtra[distanceCode]);
        if (from < 0)
        {
            throw new InvalidDataException("A match lies before the start.");
        }
        for (var i = 0; i < length; i++)
        {
            window.Add(window[from + i]);
        }
    }

    private (HuffmanCode Literals, HuffmanCode Distances) ReadCodes()
    {
        var literalCount = Bits(5) + 257;
        var distanceCount = Bits(5) + 1;
        var codeCount = Bits(4) + 4;
        var codeLengths = new int[19];
        for (var i = 0; i < codeCount; i++)
        {
            codeLengths[CodeLengthOrder[i]] = Bits(3);
        }
        var code = new HuffmanCode(codeLengths);
        var lengths = new int[literalCount + distanceCount];
        for (var i = 0; i < lengths.Length;)
        {
            var symbol = code.Read(this);
            var (value, count) = symbol switch
            {
                16 when i > 0 => (lengths[i - 1], 3 + Bits(2)),
                17 => (0, 3 + Bits(3)),
                18 => (0, 11 + Bits(7)),
                < 16 => (symbol, 1),
                _ => throw new InvalidDataException("A code repeats nothing."),
            };
            if (i + count > lengths.Length)
            {
                throw new InvalidDataException("A code has too many lengths.");
            }
            lengths.AsSpan(i, count).Fill(value);
            i += count;
        }
        return (new HuffmanCode(lengths[..literalCount]), new HuffmanCode(lengths[literalCount..]));
    }

    private int Byte() => position < input.Length ? input[position++] : throw new InvalidDataException("The deflated data ends early.");

    private int Bits(int count)
    {
        while (bitCount < count)
        {
            bits |= Byte() << bitCount;
            bitCount += 8;
        }
        var value = bits & ((1 << count) - 1);
        bits >>= count;
        bitCount -= count;
        return value;
    }

    private static int[] FixedLengths()
    {
        var lengths = new int[288];
        lengths.AsSpan(0, 144).Fill(8);
        lengths.AsSpan(144, 112).Fill(9);
        lengths.AsSpan(256, 24).Fill(7);
        lengths.AsSpan(280, 8).Fill(8);
        return lengths;
    }

    /// <summary>A canonical Huffman code: symbols ordered by code length, then value.</summary>
    private sealed class HuffmanCode
    {
        private const int MaxLength = 15;
        private readonly int[] counts = new int[MaxLength + 1];
        private readonly int[] symbols;

        public HuffmanCode(int[] lengths)
        {
            foreach (var length in lengths)
            {
                counts[length]++;
            }
            counts[0] = 0;
            symbols = Enumerable.Range(0, lengths.Length).Where(symbol => lengths[symbol] > 0).OrderBy(symbol => lengths[symbol]).ToArray();
        }

        public int Read(Inflater source)
        {
            int code = 0, first = 0, index = 0;
            for (var length = 1; length <= MaxLength; length++)
            {
                code |= source.Bits(1);
                var count = counts[length];
                if (code - first < count)
                {
                    return symbols[index + (code - first)];
                }
                index += count;
                first = (first + count) << 1;
                code <<= 1;
            }
            throw new InvalidDataException("A code is not in use.");
        }
    }
}
