using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Flotilla.Node.Streaming.Runtime;

/// <summary>
/// A SPDY/3.1 connection after its HTTP upgrade, from either side, as exec, attach and port-forward of Kubernetes use it.
/// <see cref="RunAsync"/> is the one reader of the transport; anybody may write. As in upstream's implementation there is no
/// flow control by window: a receiver that is behind holds the whole connection back.
/// </summary>
internal sealed class SpdySession(Stream transport, bool isServer) : IAsyncDisposable
{
    private const int MaxWaitingStreams = 128;

    private readonly ConcurrentDictionary<int, SpdyStream> streams = new();
    private readonly Channel<SpdyStream> incoming = Channel.CreateBounded<SpdyStream>(MaxWaitingStreams);
    private readonly SemaphoreSlim writing = new(1);
    private readonly HeaderBlock readHeaders = new();
    private readonly HeaderBlock writeHeaders = new();
    private int lastId = isServer ? 0 : -1;

    public bool IsClosed { get; private set; }

    /// <summary>Streams the peer opens; each is accepted (replied to) already. Completes with the session.</summary>
    public IAsyncEnumerable<SpdyStream> IncomingAsync(CancellationToken cancellationToken) => incoming.Reader.ReadAllAsync(cancellationToken);

    public async Task<SpdyStream> OpenAsync(IReadOnlyDictionary<string, string> headers, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            // Identifiers must appear on the wire in order, as must the compressed headers.
            lastId += 2;
            var stream = new SpdyStream(this, lastId, headers);
            streams[stream.Id] = stream;
            var block = writeHeaders.Write(headers);
            var payload = new byte[10 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, stream.Id);
            block.CopyTo(payload, 10);
            await WriteAsync(new SpdyFrame(SpdyFrameType.SynStream, 0, SpdyFlags.None, payload), cancellationToken);
            return stream;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Reads frames until the peer closes the connection or says goodbye.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        Exception? failure = null;
        try
        {
            while (await SpdyFrame.ReadAsync(transport, cancellationToken) is { } frame)
            {
                await HandleAsync(frame, cancellationToken);
            }
        }
        catch (Exception exception) when (exception is IOException or InvalidDataException or OperationCanceledException or ObjectDisposedException)
        {
            failure = exception;
            if (exception is OperationCanceledException)
            {
                throw;
            }
        }
        finally
        {
            Close(failure);
        }
    }

    public async ValueTask DisposeAsync()
    {
        Close(null);
        await transport.DisposeAsync();
        writing.Dispose();
    }

    internal void Forget(int id) => streams.TryRemove(id, out _);

    internal async ValueTask SendAsync(SpdyFrame frame, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await WriteAsync(frame, cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    internal ValueTask SendResetAsync(int id, CancellationToken cancellationToken)
    {
        const int cancel = 5;
        var payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, id);
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), cancel);
        return SendAsync(new SpdyFrame(SpdyFrameType.RstStream, 0, SpdyFlags.None, payload), cancellationToken);
    }

    // Written whole: a frame cut off by cancellation would damage every other stream.
    private async ValueTask WriteAsync(SpdyFrame frame, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        await transport.WriteAsync(frame.Encode(), CancellationToken.None);
        await transport.FlushAsync(CancellationToken.None);
    }

    private async ValueTask HandleAsync(SpdyFrame frame, CancellationToken cancellationToken)
    {
        switch (frame.Type)
        {
            case SpdyFrameType.Data:
                if (streams.TryGetValue(frame.StreamId, out var receiver))
                {
                    await receiver.ReceiveAsync(frame.Payload, frame.Flags.HasFlag(SpdyFlags.Fin), cancellationToken);
                }
                break;
            case SpdyFrameType.SynStream:
                await AcceptAsync(frame, cancellationToken);
                break;
            case SpdyFrameType.SynReply:
                readHeaders.Read(After(frame, 4));
                if (streams.TryGetValue(Number(frame), out var opened))
                {
                    opened.Accept();
                    await opened.ReceiveAsync(default, frame.Flags.HasFlag(SpdyFlags.Fin), cancellationToken);
                }
                break;
            case SpdyFrameType.Headers:
                readHeaders.Read(After(frame, 4));
                break;
            case SpdyFrameType.RstStream:
                if (streams.TryRemove(Number(frame), out var reset))
                {
                    reset.Fail(null);
                }
                break;
            case SpdyFrameType.Ping:
                // The parity of its number tells whose ping it is; the other side's is answered.
                if (Number(frame) % 2 == (isServer ? 1 : 0))
                {
                    await SendAsync(frame, cancellationToken);
                }
                break;
        }
    }

    private async ValueTask AcceptAsync(SpdyFrame frame, CancellationToken cancellationToken)
    {
        var id = Number(frame);
        var stream = new SpdyStream(this, id, readHeaders.Read(After(frame, 10)));
        streams[id] = stream;
        await ReplyAsync(id, cancellationToken);
        if (frame.Flags.HasFlag(SpdyFlags.Fin))
        {
            await stream.ReceiveAsync(default, final: true, cancellationToken);
        }
        await incoming.Writer.WriteAsync(stream, cancellationToken);
    }

    private async ValueTask ReplyAsync(int id, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            var block = writeHeaders.Write(new Dictionary<string, string>(StringComparer.Ordinal));
            var payload = new byte[4 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, id);
            block.CopyTo(payload, 4);
            await WriteAsync(new SpdyFrame(SpdyFrameType.SynReply, 0, SpdyFlags.None, payload), cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    private static int Number(SpdyFrame frame) =>
        frame.Payload.Length >= sizeof(int)
            ? BinaryPrimitives.ReadInt32BigEndian(frame.Payload.Span) & int.MaxValue
            : throw new InvalidDataException("A frame is too short.");

    private static ReadOnlySpan<byte> After(SpdyFrame frame, int bytes) =>
        frame.Payload.Length >= bytes ? frame.Payload.Span[bytes..] : throw new InvalidDataException("A frame is too short.");

    private void Close(Exception? failure)
    {
        IsClosed = true;
        incoming.Writer.TryComplete();
        foreach (var stream in streams.Values)
        {
            stream.Fail(failure as IOException);
        }
        streams.Clear();
    }
}
