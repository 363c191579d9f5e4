using System.Buffers.Binary;
using System.Globalization;
using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Client.Streams;

/// <summary>
/// Port-forward over plain WebSocket channels, as client libraries speak it: the request names the ports; the i-th has
/// channel 2i for its data and 2i+1 for errors, and each channel begins with the port in two bytes, the low one first.
/// </summary>
internal sealed class WebSocketPortForward(WebSocket socket, INodeStreams streams, PodTarget target)
{
    public const string Protocol = "v4.channel.k8s.io";
    private const int MostPorts = 100;
    private const int BufferBytes = 32 << 10;
    private readonly SemaphoreSlim writing = new(1);

    /// <exception cref="Flotilla.Api.ApiException">400: no ports, or none that could be any.</exception>
    public static IReadOnlyList<int> PortsOf(HttpContext context)
    {
        var named = context.Request.Query["ports"].SelectMany(value => (value ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries)).ToList();
        if (named.Count is 0 or > MostPorts)
        {
            throw StatusAnswers.BadRequest("query parameter \"ports\" is required");
        }
        return [.. named.Select(text => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) && port is > 0 and <= ushort.MaxValue
            ? port
            : throw StatusAnswers.BadRequest($"unable to parse \"{text}\" as a port"))];
    }

    public async Task RunAsync(IReadOnlyList<int> ports, CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var inputs = ports.Select(_ => new Pipe(new PipeOptions(pauseWriterThreshold: 1 << 20, resumeWriterThreshold: 1 << 19))).ToList();
        var receiving = ReceiveAsync(inputs, ending.Token);
        var forwards = Task.WhenAll(ports.Select((port, i) => ForwardAsync(port, (byte)(2 * i), inputs[i].Reader, ending.Token)));
        await Task.WhenAny(receiving, forwards);
        if (forwards.IsCompleted && socket.State == WebSocketState.Open)
        {
            await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", CancellationToken.None).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
        await ending.CancelAsync();
        await Task.WhenAll(receiving, forwards).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    private async Task ForwardAsync(int port, byte channel, PipeReader input, CancellationToken cancellationToken)
    {
        var errors = (byte)(channel + 1);
        var greeting = new byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(greeting, (ushort)port);
        await SendAsync(channel, greeting, cancellationToken);
        await SendAsync(errors, greeting, cancellationToken);
        try
        {
            await using var duplex = new ChannelDuplex(this, channel, input.AsStream());
            await streams.PortForwardAsync(target, port, duplex, cancellationToken);
        }
        catch (Exception failure) when (failure is not OperationCanceledException)
        {
            await SendAsync(errors, Encoding.UTF8.GetBytes($"error forwarding port {port} to pod {target.Pod}, uid : {failure.Message}"), cancellationToken);
        }
    }

    private async Task ReceiveAsync(IReadOnlyList<Pipe> inputs, CancellationToken cancellationToken)
    {
        var buffer = new byte[BufferBytes];
        int? channel = null;
        try
        {
            while (await socket.ReceiveAsync(buffer.AsMemory(), cancellationToken) is { MessageType: not WebSocketMessageType.Close } received)
            {
                var part = buffer.AsMemory(0, received.Count);
                if (channel is null && part.Length > 0)
                {
                    channel = part.Span[0];
                    part = part[1..];
                }
                if (channel is { } named && named % 2 == 0 && named / 2 < inputs.Count && part.Length > 0)
                {
                    await inputs[named / 2].Writer.WriteAsync(part, cancellationToken);
                }
                channel = received.EndOfMessage ? null : channel;
            }
        }
        catch (WebSocketException)
        {
            // The client is gone: so are its connections.
        }
        finally
        {
            foreach (var input in inputs)
            {
                await input.Writer.CompleteAsync();
            }
        }
    }

    private async Task SendAsync(byte channel, ReadOnlyMemory<byte> data, CancellationToken cancellationToken)
    {
        var message = new byte[data.Length + 1];
        message[0] = channel;
        data.CopyTo(message.AsMemory(1));
        await writing.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(message, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);
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

    /// <summary>One forwarded connection: what came in on its channel, and what goes out there.</summary>
    private sealed class ChannelDuplex(WebSocketPortForward forward, byte channel, Stream input) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            for (var rest = buffer; rest.Length > 0; rest = rest[Math.Min(rest.Length, BufferBytes)..])
            {
                await forward.SendAsync(channel, rest[..Math.Min(rest.Length, BufferBytes)], cancellationToken);
            }
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
