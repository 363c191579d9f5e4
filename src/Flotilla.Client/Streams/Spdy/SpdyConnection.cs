using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;

namespace Flotilla.Client.Streams.Spdy;

/// <summary>
/// SPDY/3.1 on a connected transport, either side of it. One task (<see cref="RunAsync"/>) reads frames and hands them to
/// their streams; writers take turns. Everything received is bounded: a stream that is not read stops the reading.
/// </summary>
public sealed class SpdyConnection : IAsyncDisposable
{
    internal const int Cancel = 5;
    private const int RefusedStream = 3;
    private const int ProtocolError = 1;
    private const int MostPendingStreams = 64;
    private const int LongestControlFrame = 128 << 10;
    private const int DataChunk = 32 << 10;
    private readonly Stream transport;
    private readonly bool isServer;
    private readonly bool updatesWindows;
    private readonly HeaderCompression compression = new();
    private readonly SemaphoreSlim writing = new(1);
    private readonly ConcurrentDictionary<int, SpdyStream> streams = new();
    private readonly CancellationTokenSource closing = new();
    private readonly Channel<SpdyStream> incoming = Channel.CreateBounded<SpdyStream>(MostPendingStreams);
    private readonly Task running;
    private int nextId;
    private int unreported;

    /// <summary>Starts reading at once. Owns the transport.</summary>
    /// <param name="updatesWindows">
    /// False for a peer that knows no windows and closes when it has said all: a frame that it has not read by then resets
    /// the connection, and its last words are lost.
    /// </param>
    public SpdyConnection(Stream transport, bool isServer, bool updatesWindows = true)
    {
        this.transport = transport;
        this.isServer = isServer;
        this.updatesWindows = updatesWindows;
        nextId = isServer ? 2 : 1;
        running = Task.Run(RunAsync, CancellationToken.None);
    }

    /// <summary>Streams that the peer opens, until the connection ends. Each must be replied to or reset.</summary>
    public ChannelReader<SpdyStream> Incoming => incoming.Reader;

    /// <summary>Done when the peer has gone or the connection was disposed; never fails.</summary>
    public Task Closed => running;

    internal SendWindow Window { get; } = new();

    public async Task<SpdyStream> OpenStreamAsync(IReadOnlyDictionary<string, string> headers, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            var stream = new SpdyStream(this, nextId, headers);
            nextId += 2;
            streams[stream.Id] = stream;
            var block = compression.Compress(HeaderBlock.Encode(headers));
            var payload = new byte[10 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, stream.Id);
            block.CopyTo(payload, 10);
            await SendAsync(new SpdyFrame(SpdyFrameType.SynStream, 0, 0, payload.Length), payload);
            return stream;
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>Says good-bye, lets the peer close first for at most <paramref name="linger"/> so that nothing in flight is lost, then closes.</summary>
    public async Task CloseAsync(TimeSpan linger)
    {
        try
        {
            await SendControlAsync(SpdyFrameType.GoAway, [0, 0, 0, 0, 0, 0, 0, 0], closing.Token);
            await running.WaitAsync(linger, CancellationToken.None);
        }
        catch (Exception failure) when (failure is IOException or TimeoutException or OperationCanceledException or ObjectDisposedException)
        {
            // The peer is gone already, or takes its time: closed all the same.
        }
        await DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await closing.CancelAsync();
        await transport.DisposeAsync();
        await running;
        compression.Dispose();
    }

    internal async Task ReplyAsync(SpdyStream stream, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            var block = compression.Compress(HeaderBlock.Encode(new Dictionary<string, string>(StringComparer.Ordinal)));
            var payload = new byte[4 + block.Length];
            BinaryPrimitives.WriteInt32BigEndian(payload, stream.Id);
            block.CopyTo(payload, 4);
            await SendAsync(new SpdyFrame(SpdyFrameType.SynReply, 0, 0, payload.Length), payload);
        }
        finally
        {
            writing.Release();
        }
    }

    internal async Task SendDataAsync(int streamId, ReadOnlyMemory<byte> data, byte flags, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await SendAsync(new SpdyFrame(SpdyFrameType.Data, streamId, flags, data.Length), data);
        }
        finally
        {
            writing.Release();
        }
    }

    internal Task SendResetAsync(int streamId, int status, CancellationToken cancellationToken) =>
        SendControlAsync(SpdyFrameType.RstStream, Pair(streamId, status), cancellationToken);

    internal async Task UpdateWindowAsync(SpdyStream stream, int bytes, CancellationToken cancellationToken)
    {
        if (!updatesWindows)
        {
            return;
        }
        try
        {
            await SendControlAsync(SpdyFrameType.WindowUpdate, Pair(stream.Id, bytes), cancellationToken);
        }
        catch (IOException)
        {
            // The connection is ending; what was received is still read.
        }
    }

    internal void ForgetIfOver(SpdyStream stream)
    {
        if (stream.IsOver)
        {
            streams.TryRemove(stream.Id, out _);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            var header = new byte[SpdyFrame.HeaderBytes];
            while (true)
            {
                await transport.ReadExactlyAsync(header, closing.Token);
                var frame = SpdyFrame.Read(header);
                if (frame.Type == SpdyFrameType.Data)
                {
                    await ReceiveDataAsync(frame);
                }
                else
                {
                    await ReceiveControlAsync(frame);
                }
            }
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException or InvalidDataException
            or System.Net.WebSockets.WebSocketException or ArgumentException)
        {
            // However the transport ended, the streams see the end.
        }
        finally
        {
            incoming.Writer.TryComplete();
            Window.Open();
            foreach (var stream in streams.Values)
            {
                stream.End();
            }
            await closing.CancelAsync();
        }
    }

    private async Task ReceiveDataAsync(SpdyFrame frame)
    {
        var known = streams.TryGetValue(frame.StreamId, out var stream);
        var buffer = new byte[Math.Min(frame.Length, DataChunk)];
        var left = frame.Length;
        while (left > 0)
        {
            var chunk = buffer.AsMemory(0, Math.Min(left, buffer.Length));
            await transport.ReadExactlyAsync(chunk, closing.Token);
            left -= chunk.Length;
            if (known)
            {
                await stream!.ReceiveAsync(chunk, fin: false, closing.Token);
            }
        }
        if (known && (frame.Flags & SpdyFrame.FlagFin) != 0)
        {
            stream!.ReceiveFin();
            ForgetIfOver(stream);
        }
        await ReportAsync(frame.Length);
    }

    // The window of the connection as a whole: its bound is that of each stream's buffer.
    private async Task ReportAsync(int bytes)
    {
        unreported += updatesWindows ? bytes : 0;
        if (unreported >= SendWindow.InitialBytes / 4)
        {
            var read = unreported;
            unreported = 0;
            await SendControlAsync(SpdyFrameType.WindowUpdate, Pair(0, read), closing.Token);
        }
    }

    private async Task ReceiveControlAsync(SpdyFrame frame)
    {
        if (frame.Length > LongestControlFrame)
        {
            throw new SpdyException($"a control frame of {frame.Length} bytes is not accepted");
        }
        var payload = new byte[frame.Length];
        await transport.ReadExactlyAsync(payload, closing.Token);
        switch (frame.Type)
        {
            case SpdyFrameType.SynStream:
                await ReceiveStreamAsync(Number(payload, 0), compression.Decompress(payload.AsSpan(10)), frame.Flags);
                break;
            case SpdyFrameType.SynReply or SpdyFrameType.Headers:
                // Read in any case: later blocks build on it.
                compression.Decompress(payload.AsSpan(4));
                if ((frame.Flags & SpdyFrame.FlagFin) != 0 && streams.TryGetValue(Number(payload, 0), out var replied))
                {
                    replied.ReceiveFin();
                }
                break;
            case SpdyFrameType.RstStream:
                if (streams.TryRemove(Number(payload, 0), out var ended))
                {
                    ended.End();
                }
                break;
            case SpdyFrameType.Ping:
                if (Number(payload, 0) % 2 == (isServer ? 1 : 0))
                {
                    await SendControlAsync(SpdyFrameType.Ping, payload, closing.Token);
                }
                break;
            case SpdyFrameType.WindowUpdate:
                ReceiveWindow(Number(payload, 0), Number(payload, 4));
                break;
        }
    }

    private void ReceiveWindow(int streamId, int bytes)
    {
        if (streamId == 0)
        {
            Window.Update(bytes);
        }
        else if (streams.TryGetValue(streamId, out var stream))
        {
            stream.ReceiveWindow(bytes);
        }
    }

    private async Task ReceiveStreamAsync(int id, Dictionary<string, string> headers, byte flags)
    {
        if (id <= 0 || id % 2 != (isServer ? 1 : 0) || streams.ContainsKey(id))
        {
            await SendResetAsync(id, ProtocolError, closing.Token);
            return;
        }
        var stream = new SpdyStream(this, id, headers);
        streams[id] = stream;
        if ((flags & SpdyFrame.FlagFin) != 0)
        {
            stream.ReceiveFin();
        }
        if (!incoming.Writer.TryWrite(stream))
        {
            streams.TryRemove(id, out _);
            stream.End();
            await SendResetAsync(id, RefusedStream, closing.Token);
        }
    }

    private async Task SendControlAsync(SpdyFrameType type, byte[] payload, CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            await SendAsync(new SpdyFrame(type, 0, 0, payload.Length), payload);
        }
        finally
        {
            writing.Release();
        }
    }

    // A frame is never left half written: only the connection's end interrupts it.
    private async Task SendAsync(SpdyFrame frame, ReadOnlyMemory<byte> payload)
    {
        var bytes = new byte[SpdyFrame.HeaderBytes + payload.Length];
        frame.Write(bytes);
        payload.CopyTo(bytes.AsMemory(SpdyFrame.HeaderBytes));
        try
        {
            await transport.WriteAsync(bytes, closing.Token);
            await transport.FlushAsync(closing.Token);
        }
        catch (Exception failure) when (failure is OperationCanceledException or ObjectDisposedException or System.Net.WebSockets.WebSocketException or InvalidOperationException)
        {
            throw new IOException("the connection is closed", failure);
        }
    }

    private static int Number(byte[] payload, int offset) =>
        payload.Length >= offset + 4 ? BinaryPrimitives.ReadInt32BigEndian(payload.AsSpan(offset)) & int.MaxValue : throw new SpdyException("a frame is too short");

    private static byte[] Pair(int first, int second)
    {
        var payload = new byte[8];
        BinaryPrimitives.WriteInt32BigEndian(payload, first);
        BinaryPrimitives.WriteInt32BigEndian(payload.AsSpan(4), second);
        return payload;
    }
}
