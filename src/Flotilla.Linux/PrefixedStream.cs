namespace Flotilla.Linux;

/// <summary>Bytes already read, then the rest of the stream they came from.</summary>
public sealed class PrefixedStream(ReadOnlyMemory<byte> prefix, Stream rest) : SequentialStream
{
    private ReadOnlyMemory<byte> prefix = prefix;

    public override int Read(byte[] buffer, int offset, int count)
    {
        var taken = Take(buffer.AsSpan(offset, count));
        return taken > 0 ? taken : rest.Read(buffer, offset, count);
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var taken = Take(buffer.Span);
        return taken > 0 ? ValueTask.FromResult(taken) : rest.ReadAsync(buffer, cancellationToken);
    }

    private int Take(Span<byte> buffer)
    {
        var count = Math.Min(buffer.Length, prefix.Length);
        prefix.Span[..count].CopyTo(buffer);
        prefix = prefix[count..];
        return count;
    }
}
