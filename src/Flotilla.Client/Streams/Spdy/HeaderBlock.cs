using System.Buffers.Binary;
using System.Text;

namespace Flotilla.Client.Streams.Spdy;

/// <summary>Name and value pairs of SYN_STREAM, SYN_REPLY and HEADERS, uncompressed. Names are lower case on the wire.</summary>
internal static class HeaderBlock
{
    public static byte[] Encode(IReadOnlyDictionary<string, string> headers)
    {
        using var block = new MemoryStream();
        WriteNumber(block, headers.Count);
        foreach (var (name, value) in headers)
        {
            WriteText(block, name.ToLowerInvariant());
            WriteText(block, value);
        }
        return block.ToArray();
    }

    /// <param name="read">Fills a span completely or throws.</param>
    public static Dictionary<string, string> Decode(Func<int, byte[]> read)
    {
        const int mostHeaders = 100;
        var count = Number(read(4), mostHeaders);
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        for (var index = 0; index < count; index++)
        {
            var name = Text(read);
            headers[name] = Text(read);
        }
        return headers;
    }

    private static string Text(Func<int, byte[]> read)
    {
        const int longestText = 64 << 10;
        return Encoding.UTF8.GetString(read(Number(read(4), longestText)));
    }

    private static int Number(byte[] bytes, int most)
    {
        var number = BinaryPrimitives.ReadUInt32BigEndian(bytes);
        return number <= most ? (int)number : throw new SpdyException($"a header block with a length of {number} is not accepted");
    }

    private static void WriteText(MemoryStream block, string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        WriteNumber(block, bytes.Length);
        block.Write(bytes);
    }

    private static void WriteNumber(MemoryStream block, int number)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteInt32BigEndian(bytes, number);
        block.Write(bytes);
    }
}
