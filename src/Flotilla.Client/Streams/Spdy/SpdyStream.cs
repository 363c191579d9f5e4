using System.IO.Pipelines;

namespace Flotilla.Client.Streams.Spdy;

/// <summary>One stream of a connection. Reads and writes are independent; a reset by the peer reads as the end.</summary>
public sealed class SpdyStream : Stream
{
    private const int LongestData = 16 << 10;
    private const int WindowUpdateBytes = 16 << 10;
    private const long BufferedBytes = 256 << 10;
    private readonly SpdyConnection connection;
    private readonly Pipe received = new(new PipeOptions(
        pauseWriterThreshold: BufferedBytes, resumeWriterThreshold: BufferedBytes / 2, useSynchronizationContext: false));
    private readonly Stream reading;
    private readonly SendWindow window = new();
    private int unreported;
    private volatile bool receivedFin;
    private volatile bool sentFin;
    private volatile bool reset;

    internal SpdyStream(SpdyConnection connection, int id, IReadOnlyDictionary<string, string> headers)
    {
        this.connection = connection;
        Id = id;
        Headers = headers;
        reading = received.Reader.AsStream();
    }

    public int Id { get; }

    /// <summary>Of the frame that opened the stream; names in any case.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Whether the peer has said all it had to say; false when a reset or the connection's end cut it off.</summary>
    public bool IsFinishedByPeer => receivedFin;

    internal bool IsOver => reset || (receivedFin && sentFin);

    /// <summary>Accepts a stream that the peer opened.</summary>
    public Task ReplyAsync(CancellationToken cancellationToken) => connection.ReplyAsync(this, cancellationToken);

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await reading.ReadAsync(buffer, cancellationToken);
        unreported += count;
        if (unreported >= WindowUpdateBytes && !receivedFin && !reset)
        {
            var read = unreported;
            unreported = 0;
            await connection.UpdateWindowAsync(this, read, cancellationToken);
        }
        return count;
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (!buffer.IsEmpty)
        {
            var granted = await window.ReserveAsync(Math.Min(buffer.Length, LongestData), cancellationToken);
            var allowed = await connection.Window.ReserveAsync(granted, cancellationToken);
            if (allowed < granted)
            {
                window.Return(granted - allowed);
            }
            if (reset || sentFin)
            {
                throw new SpdyException("the stream is closed");
            }
            await connection.SendDataAsync(Id, buffer[..allowed], 0, cancellationToken);
            buffer = buffer[allowed..];
        }
    }

    /// <summary>Nothing more will be written; reading goes on.</summary>
    public async Task CompleteWritesAsync(CancellationToken cancellationToken)
    {
        if (sentFin || reset)
        {
            return;
        }
        sentFin = true;
        await connection.SendDataAsync(Id, ReadOnlyMemory<byte>.Empty, SpdyFrame.FlagFin, cancellationToken);
        connection.ForgetIfOver(this);
    }

    /// <summary>Ends the stream both ways at once.</summary>
    public async Task ResetAsync(CancellationToken cancellationToken)
    {
        if (!IsOver)
        {
            await connection.SendResetAsync(Id, SpdyConnection.Cancel, cancellationToken);
        }
        End();
        connection.ForgetIfOver(this);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush()
    {
    }

    public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    /// <summary>Waits while too much is buffered unread: that is what slows a peer down that knows no windows.</summary>
    internal async Task ReceiveAsync(ReadOnlyMemory<byte> data, bool fin, CancellationToken cancellationToken)
    {
        if (!data.IsEmpty && !receivedFin)
        {
            await received.Writer.WriteAsync(data, cancellationToken);
        }
        if (fin)
        {
            ReceiveFin();
        }
    }

    internal void ReceiveFin()
    {
        receivedFin = true;
        received.Writer.Complete();
    }

    internal void ReceiveWindow(int bytes) => window.Update(bytes);

    /// <summary>Reset, or the connection is gone. What has been received can still be read.</summary>
    internal void End()
    {
        reset = true;
        received.Writer.Complete();
        window.Open();
    }
}
