using System.Buffers.Binary;
using System.IO.Compression;

namespace Flotilla.Client.Streams.Spdy;

/// <summary>
/// The zlib streams that carry all header blocks of a connection, one each way. What we send is stored, not squeezed: valid
/// zlib that every reader takes. What we receive may refer to SPDY's dictionary, which .NET's inflater cannot be given;
/// so it first reads the dictionary as a stored block of its own, and has it in its window from then on.
/// </summary>
internal sealed class HeaderCompression : IDisposable
{
    private const int LongestStoredBlock = 0xFFFF;
    private const byte PresetDictionary = 0x20;
    private readonly Feed feed = new();
    private readonly DeflateStream inflater;
    private bool sentHeader;
    private bool readHeader;

    public HeaderCompression()
    {
        inflater = new DeflateStream(feed, CompressionMode.Decompress);
        feed.Add(StoredBlock(SpdyDictionary.Bytes));
        ReadExactly(SpdyDictionary.Bytes.Length);
    }

    public byte[] Compress(byte[] block)
    {
        if (block.Length > LongestStoredBlock)
        {
            throw new SpdyException("the headers are too long");
        }
        // An empty block behind it: inflaters hold back what no flush follows.
        byte[] stored = [.. StoredBlock(block), .. StoredBlock([])];
        if (sentHeader)
        {
            return stored;
        }
        sentHeader = true;
        return [0x78, 0x01, .. stored];
    }

    public Dictionary<string, string> Decompress(ReadOnlySpan<byte> compressed)
    {
        if (!readHeader)
        {
            readHeader = true;
            compressed = compressed[(compressed.Length > 1 && (compressed[1] & PresetDictionary) != 0 ? 6 : 2)..];
        }
        feed.Add(compressed.ToArray());
        return HeaderBlock.Decode(ReadExactly);
    }

    public void Dispose() => inflater.Dispose();

    private byte[] ReadExactly(int count)
    {
        var bytes = new byte[count];
        inflater.ReadExactly(bytes);
        return bytes;
    }

    private static byte[] StoredBlock(ReadOnlySpan<byte> content)
    {
        var block = new byte[5 + content.Length];
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(1), (ushort)content.Length);
        BinaryPrimitives.WriteUInt16LittleEndian(block.AsSpan(3), (ushort)~content.Length);
        content.CopyTo(block.AsSpan(5));
        return block;
    }

    // What the inflater reads from: ends where the present frame ends, and goes on with the next.
    private sealed class Feed : Stream
    {
        private readonly MemoryStream pending = new();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public void Add(byte[] bytes)
        {
            var rest = pending.ToArray().AsSpan((int)pending.Position).ToArray();
            pending.SetLength(0);
            pending.Write(rest);
            pending.Write(bytes);
            pending.Position = 0;
        }

        public override int Read(byte[] buffer, int offset, int count) => pending.Read(buffer, offset, count);

        public override int Read(Span<byte> buffer) => pending.Read(buffer);

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
