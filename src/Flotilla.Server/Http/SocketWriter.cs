using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Server.Http;

/// <summary>A streamed answer over a web socket: each piece a message, in bytes or, where the client asks for it, in base64.</summary>
internal static class SocketWriter
{
    private const string Binary = "binary.k8s.io";
    private const string Text = "base64.binary.k8s.io";
    private static readonly TimeSpan ClosingTime = TimeSpan.FromSeconds(5);

    public static bool Wants(HttpContext context, ApiAnswer answer) => answer is { Stream: not null, ContentType: "text/plain" } && context.WebSockets.IsWebSocketRequest;

    /// <exception cref="Api.ApiException">400: the client speaks nothing that is known here.</exception>
    public static async Task WriteAsync(HttpContext context, ApiAnswer answer, CancellationToken cancellationToken)
    {
        var asked = context.WebSockets.WebSocketRequestedProtocols;
        var protocol = asked.FirstOrDefault(name => name is Binary or Text);
        if (protocol is null && asked.Count > 0)
        {
            throw Failures.BadRequest($"unable to upgrade: no supported protocol in [{string.Join(' ', asked)}]");
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(new WebSocketAcceptContext { SubProtocol = protocol });
        var output = PipeWriter.Create(new MessageStream(socket, isText: protocol == Text));
        await answer.Stream!(output, cancellationToken);
        await output.CompleteAsync();
        using var closing = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        closing.CancelAfter(ClosingTime);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, closing.Token);
    }

    private sealed class MessageStream(WebSocket socket, bool isText) : Stream
    {
        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => isText
            ? socket.SendAsync(Encoding.ASCII.GetBytes(Convert.ToBase64String(buffer.Span)).AsMemory(), WebSocketMessageType.Text, endOfMessage: true, cancellationToken)
            : socket.SendAsync(buffer, WebSocketMessageType.Binary, endOfMessage: true, cancellationToken);

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
