using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Client.Streams;

/// <summary>Exec and attach over WebSocket: the first byte of every binary message names its channel.</summary>
internal sealed class WebSocketSession(HttpContext context, string protocol, ExecOptions options) : RemoteCommandSession
{
    private const int BufferBytes = 32 << 10;
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(2);
    private readonly Pipe stdin = Bounded();
    private readonly Pipe resizes = Bounded();
    private readonly SemaphoreSlim writing = new(1);
    private readonly CancellationTokenSource closing = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
    private WebSocket? socket;
    private Task receiving = Task.CompletedTask;

    public override async IAsyncEnumerable<TerminalSize> ResizesAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var size in TerminalSizes.ReadAsync(resizes.Reader.AsStream(), cancellationToken))
        {
            yield return size;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        if (socket is not null)
        {
            await CloseAsync(socket);
        }
        closing.Dispose();
    }

    protected override async Task UpgradeAsync(CancellationToken cancellationToken)
    {
        socket = await Upgrades.WebSocketAsync(context, protocol);
        Stdin = options.Stdin ? stdin.Reader.AsStream() : null;
        Stdout = options.Stdout ? new ChannelStream(this, RemoteCommandChannels.Stdout) : null;
        Stderr = options.Stderr && !options.Tty ? new ChannelStream(this, RemoteCommandChannels.Stderr) : null;
        receiving = Task.Run(() => ReceiveAsync(socket), CancellationToken.None);
        // Tells the client that the session stands, before there is any output.
        var first = options.Stdout ? RemoteCommandChannels.Stdout : options.Stderr ? RemoteCommandChannels.Stderr : RemoteCommandChannels.Error;
        await SendAsync(first, ReadOnlyMemory<byte>.Empty, cancellationToken);
    }

    protected override Task SendStatusAsync(byte[] status) => SendAsync(RemoteCommandChannels.Error, status, closing.Token);

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        do
        {
            var part = data[..Math.Min(data.Length, BufferBytes)];
            data = data[part.Length..];
            var message = new byte[part.Length + 1];
            message[0] = channel;
            part.CopyTo(message.AsMemory(1));
            await writing.WaitAsync(cancellationToken);
            try
            {
                await socket!.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
            }
            catch (Exception failure) when (failure is WebSocketException or ObjectDisposedException)
            {
                throw new IOException("the connection is closed", failure);
            }
            finally
            {
                writing.Release();
            }
        }
        while (!data.IsEmpty);
    }

    private async Task ReceiveAsync(WebSocket connected)
    {
        try
        {
            var buffer = new byte[BufferBytes];
            byte? channel = null;
            while (true)
            {
                var result = await connected.ReceiveAsync(buffer.AsMemory(), closing.Token);
                if (result.MessageType == WebSocketMessageType.Close)
                {
                    return;
                }
                var data = buffer.AsMemory(0, result.Count);
                if (channel is null && data.Length > 0)
                {
                    channel = data.Span[0];
                    data = data[1..];
                }
                await ReceiveAsync(channel, data);
                channel = result.EndOfMessage ? null : channel;
            }
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // The client is gone: its input ends.
        }
        finally
        {
            await stdin.Writer.CompleteAsync();
            await resizes.Writer.CompleteAsync();
        }
    }

    private async Task ReceiveAsync(byte? channel, ReadOnlyMemory<byte> data)
    {
        switch (channel)
        {
            case RemoteCommandChannels.Stdin when options.Stdin:
                await stdin.Writer.WriteAsync(data, closing.Token);
                break;
            case RemoteCommandChannels.Resize:
                await resizes.Writer.WriteAsync(data, closing.Token);
                break;
            case RemoteCommandChannels.Close when data.Length > 0 && data.Span[0] == RemoteCommandChannels.Stdin:
                await stdin.Writer.CompleteAsync();
                break;
        }
    }

    private async Task CloseAsync(WebSocket connected)
    {
        // A pipe that nobody reads any more must not keep the receiver from seeing the client's farewell.
        await stdin.Reader.CompleteAsync();
        await resizes.Reader.CompleteAsync();
        closing.CancelAfter(Linger);
        try
        {
            await connected.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", closing.Token);
            await receiving;
        }
        catch (Exception failure) when (failure is WebSocketException or OperationCanceledException or IOException or ObjectDisposedException)
        {
            // Gone without a farewell.
        }
        await closing.CancelAsync();
        await receiving;
        connected.Dispose();
    }

    private static Pipe Bounded() => new(new PipeOptions(
        pauseWriterThreshold: 2 * BufferBytes, resumeWriterThreshold: BufferBytes, useSynchronizationContext: false));

    // Output only.
    private sealed class ChannelStream(WebSocketSession session, byte channel) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (!buffer.IsEmpty)
            {
                await session.SendAsync(channel, buffer, cancellationToken);
            }
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override void Flush()
        {
        }

        public override Task FlushAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException("asynchronous only");
    }
}
