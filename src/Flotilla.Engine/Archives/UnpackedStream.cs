using Flotilla.Linux;
using SharpCompress.Common;

namespace Flotilla.Engine.Archives;

/// <summary>What a decompressor reads from a file, which it may do as soon as it is made. Damage is told as .NET's own decompressors do.</summary>
internal sealed class UnpackedStream(FileStream packed, Func<FileStream, Stream> open) : SequentialStream
{
    private Stream? inner;

    public override int Read(byte[] buffer, int offset, int count)
    {
        try
        {
            inner ??= open(packed);
            return inner.Read(buffer, offset, count);
        }
        catch (Exception damaged) when (damaged is SharpCompressException or EndOfStreamException or ArgumentException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"it is damaged: {damaged.Message}", damaged);
        }
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner?.Dispose();
            packed.Dispose();
        }

        base.Dispose(disposing);
    }
}
