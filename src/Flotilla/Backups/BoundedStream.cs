namespace Flotilla.Backups;

/// <summary>The next bytes of another stream, which ends with this one.</summary>
internal sealed class BoundedStream(Stream inner, long length) : OneWayStream
{
    public override bool CanRead => true;

    /// <summary>Bytes that were not read yet.</summary>
    public long Left { get; private set; } = length;

    public override int Read(Span<byte> buffer)
    {
        var read = inner.Read(buffer[..(int)Math.Min(buffer.Length, Left)]);
        Left -= read;
        return read;
    }

    protected override void Dispose(bool disposing)
    {
        inner.Dispose();
        base.Dispose(disposing);
    }
}
