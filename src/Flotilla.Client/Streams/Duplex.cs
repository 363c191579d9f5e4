namespace Flotilla.Client.Streams;

/// <summary>
/// One connection out of two streams, one for each direction. Disposing of it ends both. The streams may be of a server
/// that uses them again for its next request: <c>closed</c> is told once nothing reads or writes any more, and never will.
/// </summary>
public sealed class Duplex(Stream input, Stream output, Action? closed = null) : Stream
{
    private readonly CancellationTokenSource ending = new();
    private int isDisposed;

    // One for whoever holds the connection and one for each read, write and flush under way.
    private int uses = 1;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        UseAsync(token => input.ReadAsync(buffer, token), cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    // Whoever writes to a connection expects it to be sent.
    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => await UseAsync(
        async token =>
        {
            await output.WriteAsync(buffer, token);
            await output.FlushAsync(token);
            return 0;
        },
        cancellationToken);

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override async Task FlushAsync(CancellationToken cancellationToken) => await UseAsync(
        async token =>
        {
            await output.FlushAsync(token);
            return 0;
        },
        cancellationToken);

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing && Interlocked.Exchange(ref isDisposed, 1) == 0)
        {
            ending.Cancel();
            Leave();
        }

        base.Dispose(disposing);
    }

    private async ValueTask<int> UseAsync(Func<CancellationToken, ValueTask<int>> use, CancellationToken cancellationToken)
    {
        Enter();
        try
        {
            using var either = cancellationToken.CanBeCanceled ? CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, ending.Token) : null;
            return await use(either?.Token ?? ending.Token);
        }
        catch (OperationCanceledException) when (ending.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(Duplex));
        }
        finally
        {
            Leave();
        }
    }

    private void Enter()
    {
        int seen;
        do
        {
            seen = Volatile.Read(ref uses);
            ObjectDisposedException.ThrowIf(seen == 0, this);
        }
        while (Interlocked.CompareExchange(ref uses, seen + 1, seen) != seen);
    }

    private void Leave()
    {
        if (Interlocked.Decrement(ref uses) == 0)
        {
            ending.Dispose();
            closed?.Invoke();
        }
    }
}
