using System.Buffers.Binary;
using System.Text;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>
/// Name-value blocks of SPDY/3 in their zlib stream, which runs through all frames of one direction. Reading takes any
/// deflated data; writing uses stored blocks only, which every peer understands, as headers here are a few dozen bytes.
/// </summary>
internal sealed class HeaderBlock
{
    private const int MaxBytes = 64 << 10;
    private const int DictionaryFlag = 0x20;
    private readonly Inflater inflater = new(HeaderDictionary.Bytes, MaxBytes);
    private bool readStarted;
    private bool writeStarted;

    public Dictionary<string, string> Read(ReadOnlySpan<byte> block)
    {
        if (!readStarted)
        {
            readStarted = true;
            // zlib's header: two bytes, and four of the dictionary's checksum where one is used.
            var header = block.Length >= 2 && (block[1] & DictionaryFlag) != 0 ? 6 : 2;
            if (block.Length < header)
            {
                throw new InvalidDataException("A header block ends early.");
            }
            block = block[header..];
        }
        return Parse(inflater.Inflate(block));
    }

    public byte[] Write(IReadOnlyDictionary<string, string> headers)
    {
        var plain = Format(headers);
        if (plain.Length > ushort.MaxValue)
        {
            throw new ArgumentException("The headers are too large.", nameof(headers));
        }
        using var block = new MemoryStream();
        if (!writeStarted)
        {
            writeStarted = true;
            block.Write([0x78, 0x01]);
        }
        Span<byte> stored = stackalloc byte[5];
        stored[0] = 0;
        BinaryPrimitives.WriteUInt16LittleEndian(stored[1..], (ushort)plain.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(stored[3..], (ushort)~plain.Length);
        block.Write(stored);
        block.Write(plain);
        // An empty block makes the reader hand out what it has.
        block.Write([0, 0, 0, 0xFF, 0xFF]);
        return block.ToArray();
    }

    private static byte[] Format(IReadOnlyDictionary<string, string> headers)
    {
        using var bytes = new MemoryStream();
        WriteNumber(bytes, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(bytes, name.ToLowerInvariant());
            WriteText(bytes, value);
        }
        return bytes.ToArray();
    }

    private static Dictionary<string, string> Parse(ReadOnlySpan<byte> bytes)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        var count = ReadNumber(ref bytes);
        for (var i = 0; i < count; i++)
        {
            var name = ReadText(ref bytes);
            headers[name] = ReadText(ref bytes);
        }
        return headers;
    }

    private static void WriteNumber(MemoryStream bytes, int value)
    {
        Span<byte> number = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32BigEndian(number, value);
        bytes.Write(number);
    }

    private static void WriteText(MemoryStream bytes, string text)
    {
        var encoded = Encoding.UTF8.GetBytes(text);
        WriteNumber(bytes, encoded.Length);
        bytes.Write(encoded);
    }

    private static int ReadNumber(ref ReadOnlySpan<byte> bytes)
    {
        if (!BinaryPrimitives.TryReadInt32BigEndian(bytes, out var value) || value < 0)
        {
            throw new InvalidDataException("A header block ends early.");
        }
        bytes = bytes[sizeof(int)..];
        return value;
    }

    private static string ReadText(ref ReadOnlySpan<byte> bytes)
    {
        var length = ReadNumber(ref bytes);
        if (length > bytes.Length)
        {
            throw new InvalidDataException("A header block ends early.");
        }
        var text = Encoding.UTF8.GetString(bytes[..length]);
        bytes = bytes[length..];
        return text;
    }
}
