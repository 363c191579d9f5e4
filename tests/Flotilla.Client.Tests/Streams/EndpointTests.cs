using System.Net.WebSockets;
using System.Text;
using Flotilla.Api;
using Flotilla.Client.Streams;
using Flotilla.Client.Streams.Spdy;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client.Tests.Streams;

/// <summary>kubectl's protocols against a real Kestrel on the loopback.</summary>
public sealed class EndpointTests : IAsyncLifetime
{
    private readonly WebApplication app;

    public EndpointTests()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        app = builder.Build();
        app.Map("/exec/{pod}", context => Guarded(context, () => RemoteCommandEndpoint.HandleAsync(
            context, new EchoStreams(), new PodTarget("default", (string)context.Request.RouteValues["pod"]!),
            new ExecOptions(["cat"], true, true, !context.Request.Query.ContainsKey("tty"), context.Request.Query.ContainsKey("tty")), attach: false)));
        app.Map("/forward", context => Guarded(context, () => PortForwardEndpoint.HandleAsync(context, new EchoStreams(), new PodTarget("default", "p"))));
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private Uri Address => new(app.Urls.First());

    public async ValueTask InitializeAsync() => await app.StartAsync();

    public async ValueTask DisposeAsync() => await app.DisposeAsync();

    [Fact]
    public async Task Exec_over_spdy_carries_all_channels_and_the_exit_code()
    {
        await using var connection = await SpdyClient.ConnectAsync(new Uri(Address, "/exec/p"), ["v4.channel.k8s.io"], Cancellation);
        var error = await OpenAsync(connection, ("streamtype", "error"));
        var stdin = await OpenAsync(connection, ("streamtype", "stdin"));
        var stdout = await OpenAsync(connection, ("streamtype", "stdout"));
        var stderr = await OpenAsync(connection, ("streamtype", "stderr"));

        // More than every window and buffer on the way, both directions at once.
        var sent = new byte[3 << 20];
        Random.Shared.NextBytes(sent);
        var reading = ReadAsync(stdout);
        await stdin.WriteAsync(sent, Cancellation);
        await stdin.CompleteWritesAsync(Cancellation);

        Assert.Equal(sent, await reading);
        Assert.Equal("warning", Encoding.UTF8.GetString(await ReadAsync(stderr)));
        Assert.Equal("NonZeroExitCode", ObjectJson.Decode<V1Status>(await ReadAsync(error)).Reason);
    }

    [Fact]
    public async Task Port_forward_over_web_socket_channels_carries_each_port_and_says_what_failed()
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol("v4.channel.k8s.io");
        await socket.ConnectAsync(new Uri($"ws://{Address.Authority}/forward?ports=8080&ports=1"), Cancellation);
        using var client = new k8s.StreamDemuxer(socket, k8s.StreamType.PortForward);
        client.Start();
        var data = client.GetStream((byte?)0, (byte?)0);
        var error = client.GetStream((byte?)3, (byte?)3);
        var sent = new byte[300_000];
        Random.Shared.NextBytes(sent);
        await data.WriteAsync(sent, Cancellation);
        var read = new byte[sent.Length];
        await data.ReadExactlyAsync(read, Cancellation);
        Assert.Equal(sent, read);
        var text = new byte["error forwarding port 1 to pod p, uid : refused".Length];
        await error.ReadExactlyAsync(text, Cancellation);
        Assert.Equal("error forwarding port 1 to pod p, uid : refused", Encoding.UTF8.GetString(text));
    }

    [Theory]
    [InlineData("v5.channel.k8s.io")]
    [InlineData("v4.channel.k8s.io")]
    public async Task Exec_over_web_socket_carries_all_channels_and_the_exit_code(string protocol)
    {
        using var socket = new ClientWebSocket();
        socket.Options.AddSubProtocol(protocol);
        await socket.ConnectAsync(new Uri($"ws://{Address.Authority}/exec/p"), Cancellation);
        Assert.Equal(protocol, socket.SubProtocol);
        var sent = new byte[200_000];
        Random.Shared.NextBytes(sent);
        var receiving = ReceiveAllAsync(socket);
        await socket.SendAsync((byte[])[0, .. sent], WebSocketMessageType.Binary, true, Cancellation);
        await socket.SendAsync((byte[])[255, 0], WebSocketMessageType.Binary, true, Cancellation);

        var channels = await receiving;
        Assert.Equal(sent, channels[1].ToArray());
        Assert.Equal("warning", Encoding.UTF8.GetString(channels[2].ToArray()));
        var status = ObjectJson.Decode<V1Status>(channels[3].ToArray());
        Assert.Equal("command terminated with non-zero exit code: exit status 3", status.Message);
        Assert.Equal("3", status.Details.Causes[0].Message);
    }

    [Fact]
    public async Task A_terminal_tells_its_size()
    {
        await using var connection = await SpdyClient.ConnectAsync(new Uri(Address, "/exec/p?tty"), ["v4.channel.k8s.io"], Cancellation);
        var error = await OpenAsync(connection, ("streamtype", "error"));
        var stdin = await OpenAsync(connection, ("streamtype", "stdin"));
        var stdout = await OpenAsync(connection, ("streamtype", "stdout"));
        var resize = await OpenAsync(connection, ("streamtype", "resize"));
        await resize.WriteAsync(TerminalSizes.Encode(new TerminalSize(80, 24)), Cancellation);
        await stdin.CompleteWritesAsync(Cancellation);
        Assert.Equal("80x24", Encoding.UTF8.GetString(await ReadAsync(stdout)));
        Assert.NotEmpty(await ReadAsync(error));
    }

    [Fact]
    public async Task What_fails_before_the_container_answers_is_an_ordinary_answer()
    {
        var failure = await Assert.ThrowsAsync<IOException>(
            () => SpdyClient.ConnectAsync(new Uri(Address, "/exec/missing"), ["v4.channel.k8s.io"], Cancellation));
        Assert.Contains("404", failure.Message, StringComparison.Ordinal);
        Assert.Contains("no such pod", failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Ports_are_forwarded_plain_and_inside_a_web_socket(bool tunnelled)
    {
        await using var connection = tunnelled
            ? await TunnelAsync()
            : await SpdyClient.ConnectAsync(new Uri(Address, "/forward"), ["portforward.k8s.io"], Cancellation);

        foreach (var request in new[] { "0", "1" })
        {
            var error = await OpenAsync(connection, ("streamtype", "error"), ("port", "80"), ("requestid", request));
            await error.CompleteWritesAsync(Cancellation);
            var data = await OpenAsync(connection, ("streamtype", "data"), ("port", "80"), ("requestid", request));
            await data.WriteAsync("hello"u8.ToArray(), Cancellation);
            await data.CompleteWritesAsync(Cancellation);
            Assert.Equal("hello", Encoding.UTF8.GetString(await ReadAsync(data)));
            Assert.Empty(await ReadAsync(error));
        }

        var refused = await OpenAsync(connection, ("streamtype", "error"), ("port", "1"), ("requestid", "2"));
        var nothing = await OpenAsync(connection, ("streamtype", "data"), ("port", "1"), ("requestid", "2"));
        Assert.Equal("error forwarding port 1 to pod p, uid : refused", Encoding.UTF8.GetString(await ReadAsync(refused)));
        Assert.Empty(await ReadAsync(nothing));
    }

    private async Task<SpdyConnection> TunnelAsync()
    {
        // By hand: .NET's client refuses the slash in the protocol's name.
        var tcp = new System.Net.Sockets.TcpClient();
        await tcp.ConnectAsync(Address.Host, Address.Port, Cancellation);
        var stream = tcp.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            "GET /forward HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n\r\n"), Cancellation);
        var head = "";
        var one = new byte[1];
        while (!head.EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one, Cancellation);
            head += (char)one[0];
        }
        Assert.Contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", head, StringComparison.Ordinal);
        Assert.Contains("SPDY/3.1+portforward.k8s.io", head, StringComparison.Ordinal);
        var socket = WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = false });
        return new SpdyConnection(new WebSocketTransport(socket), isServer: false);
    }

    private static Task<SpdyStream> OpenAsync(SpdyConnection connection, params (string Name, string Value)[] headers) =>
        connection.OpenStreamAsync(headers.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.Ordinal), Cancellation);

    private static async Task<byte[]> ReadAsync(Stream stream)
    {
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        bounded.CancelAfter(TimeSpan.FromSeconds(20));
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, bounded.Token);
        return all.ToArray();
    }

    private static async Task<Dictionary<byte, MemoryStream>> ReceiveAllAsync(ClientWebSocket socket)
    {
        var channels = new Dictionary<byte, MemoryStream>();
        var buffer = new byte[64 << 10];
        while (true)
        {
            using var message = new MemoryStream();
            ValueWebSocketReceiveResult result;
            do
            {
                result = await socket.ReceiveAsync(buffer.AsMemory(), Cancellation);
                message.Write(buffer, 0, result.Count);
            }
            while (!result.EndOfMessage);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", Cancellation);
                return channels;
            }
            var bytes = message.ToArray();
            channels.TryAdd(bytes[0], new MemoryStream());
            channels[bytes[0]].Write(bytes, 1, bytes.Length - 1);
        }
    }

    private static async Task Guarded(HttpContext context, Func<Task> handle)
    {
        try
        {
            await handle();
        }
        catch (ApiException failure)
        {
            context.Response.StatusCode = failure.Code;
            await context.Response.WriteAsync(failure.Message);
        }
    }

    private sealed class EchoStreams : INodeStreams
    {
        public Task LogsAsync(PodTarget target, LogOptions options, Stream destination, CancellationToken cancellationToken) => Task.CompletedTask;

        public async Task<V1Status> ExecAsync(PodTarget target, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken)
        {
            if (target.Pod == "missing")
            {
                throw new ApiException(new V1Status { Code = 404, Reason = "NotFound", Message = "no such pod" });
            }
            await channels.OpenAsync(cancellationToken);
            if (options.Tty)
            {
                await foreach (var size in channels.ResizesAsync(cancellationToken))
                {
                    await channels.Stdout!.WriteAsync(Encoding.UTF8.GetBytes($"{size.Width}x{size.Height}"), cancellationToken);
                    break;
                }
                return StatusAnswers.Success();
            }
            await channels.Stdin!.CopyToAsync(channels.Stdout!, cancellationToken);
            await channels.Stderr!.WriteAsync("warning"u8.ToArray(), cancellationToken);
            return StatusAnswers.ForExitCode(3);
        }

        public Task<V1Status> AttachAsync(PodTarget target, ExecOptions options, IStreamChannels channels, CancellationToken cancellationToken) =>
            ExecAsync(target, options, channels, cancellationToken);

        public Task PortForwardAsync(PodTarget target, int port, Stream duplex, CancellationToken cancellationToken) =>
            port == 1 ? throw new IOException("refused") : duplex.CopyToAsync(duplex, cancellationToken);
    }
}
