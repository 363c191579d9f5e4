using System.IO.Pipelines;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>
/// One stream of a session: reads end when the peer finished its side; <see cref="CompleteWritesAsync"/> finishes ours.
/// Disposing a stream that is not finished resets it.
/// </summary>
internal sealed class SpdyStream : Stream
{
    private const int BufferBytes = 1 << 20;
    private const int MaxFrameBytes = 32 << 10;

    private readonly SpdySession session;
    private readonly Pipe received = new(new PipeOptions(pauseWriterThreshold: BufferBytes, resumeWriterThreshold: BufferBytes / 2, useSynchronizationContext: false));
    private readonly TaskCompletionSource accepted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Stream reader;
    private bool peerFinished;
    private bool finished;
    private bool reset;

    internal SpdyStream(SpdySession session, int id, IReadOnlyDictionary<string, string> headers)
    {
        this.session = session;
        Id = id;
        Headers = headers;
        reader = received.Reader.AsStream(leaveOpen: true);
    }

    public int Id { get; }

    /// <summary>What the stream was opened with; names compare without regard to case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    /// <summary>Completes when the peer has accepted a stream that we opened; fails when it refused it.</summary>
    public Task Accepted => accepted.Task;

    public override bool CanRead => true;

    public override bool CanWrite => true;

    public override bool CanSeek => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
        reader.ReadAsync(buffer, cancellationToken);

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        reader.ReadAsync(buffer, offset, count, cancellationToken);

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        ThrowIfClosed();
        for (; buffer.Length > 0; buffer = buffer[Math.Min(buffer.Length, MaxFrameBytes)..])
        {
            var frame = new SpdyFrame(SpdyFrameType.Data, Id, SpdyFlags.None, buffer[..Math.Min(buffer.Length, MaxFrameBytes)]);
            await session.SendAsync(frame, cancellationToken);
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    /// <summary>Tells the peer that nothing more comes from us; reading goes on.</summary>
    public async Task CompleteWritesAsync(CancellationToken cancellationToken)
    {
        if (finished || reset)
        {
            return;
        }
        finished = true;
        await session.SendAsync(new SpdyFrame(SpdyFrameType.Data, Id, SpdyFlags.Fin, default), cancellationToken);
        ForgetWhenDone();
    }

    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        if (!reset && !(finished && peerFinished))
        {
            reset = true;
            await session.SendResetAsync(Id, cancellationToken);
        }
        session.Forget(Id);
        await received.Writer.CompleteAsync();
    }

    public override async ValueTask DisposeAsync()
    {
        await received.Reader.CompleteAsync();
        try
        {
            if (!session.IsClosed)
            {
                await ResetAsync(CancellationToken.None);
            }
        }
        catch (Exception failure) when (failure is IOException or ObjectDisposedException)
        {
            session.Forget(Id); // The connection is gone, and with it the stream.
        }
        await base.DisposeAsync();
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override void Flush()
    {
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream is asynchronous only.");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("This stream is asynchronous only.");

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    internal void Accept() => accepted.TrySetResult();

    /// <summary>Called by the session's reader; waits while the receiver is behind, which holds the whole connection back.</summary>
    internal async ValueTask ReceiveAsync(ReadOnlyMemory<byte> data, bool final, CancellationToken cancellationToken)
    {
        if (data.Length > 0)
        {
            await received.Writer.WriteAsync(data, cancellationToken);
        }
        if (final)
        {
            peerFinished = true;
            await received.Writer.CompleteAsync();
            ForgetWhenDone();
        }
    }

    internal void Fail(Exception? failure)
    {
        reset = true;
        accepted.TrySetException(failure ?? new IOException("The peer reset the stream."));
        _ = accepted.Task.Exception; // Observed here: not everybody waits to be accepted.
        received.Writer.Complete(failure);
    }

    private void ForgetWhenDone()
    {
        if (finished && peerFinished)
        {
            session.Forget(Id);
        }
    }

    private void ThrowIfClosed()
    {
        if (finished || reset)
        {
            throw new IOException("The stream is closed.");
        }
    }
}
