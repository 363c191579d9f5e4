using Flotilla.Linux;
using SharpCompress.Compressors.Xz;

namespace Flotilla.Engine.Archives;

/// <summary>A file of xz, which may be several streams one after the other, with zeros between them: what parallel programs write.</summary>
internal sealed class XzStreams(FileStream packed) : SequentialStream
{
    private XZStream? current;

    public override int Read(byte[] buffer, int offset, int count)
    {
        while (count > 0)
        {
            current ??= new XZStream(packed);
            if (current.Read(buffer, offset, count) is > 0 and var read)
            {
                return read;
            }

            if (!SkipToNext())
            {
                return 0;
            }

            current = null;
        }

        return 0;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            packed.Dispose();
        }

        base.Dispose(disposing);
    }

    private bool SkipToNext()
    {
        for (int next; (next = packed.ReadByte()) >= 0;)
        {
            if (next != 0)
            {
                packed.Position--;
                return true;
            }
        }

        return false;
    }
}
