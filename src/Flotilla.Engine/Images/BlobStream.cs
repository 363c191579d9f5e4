using Flotilla.Engine.Containerd;
using Flotilla.Linux.Containerd;
using Grpc.Core;

namespace Flotilla.Engine.Images;

/// <summary>A file of containerd's content, read once from its beginning to its end.</summary>
internal sealed class BlobStream(Runtime runtime, Blob blob, CancellationToken cancellationToken) : Stream
{
    private AsyncServerStreamingCall<ReadContentResponse>? call;
    private ReadOnlyMemory<byte> chunk;
    private long position;

    public override bool CanRead => true;

    // Writers of archives and requests ask how long it is.
    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => blob.Size;

    public override long Position
    {
        get => position;
        set => Seek(value, SeekOrigin.Begin);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken token = default)
    {
        call ??= runtime.Content.Read(new ReadContentRequest { Digest = blob.Digest }, cancellationToken: cancellationToken);
        while (chunk.IsEmpty)
        {
            if (!await call.ResponseStream.MoveNext(token))
            {
                return 0;
            }

            chunk = call.ResponseStream.Current.Data.Memory;
        }

        var count = Math.Min(buffer.Length, chunk.Length);
        chunk[..count].CopyTo(buffer);
        chunk = chunk[count..];
        position += count;
        return count;
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken token) => ReadAsync(buffer.AsMemory(offset, count), token).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("Only asynchronously.");

    public override long Seek(long offset, SeekOrigin origin) => origin == SeekOrigin.Begin && offset == position ? position : throw new NotSupportedException("It is read from the beginning, once.");

    public override void Flush()
    {
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        call?.Dispose();
        base.Dispose(disposing);
    }
}
