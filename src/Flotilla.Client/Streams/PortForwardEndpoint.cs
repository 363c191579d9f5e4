using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Flotilla.Client.Streams.Spdy;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Client.Streams;

/// <summary>
/// Serves <c>portforward</c>: to kubectl SPDY/3.1, plain or inside a WebSocket; to client libraries channels. In SPDY, for every connection the client opens two
/// streams with the same <c>requestID</c>: <c>error</c>, where we tell a failure in words, and <c>data</c>.
/// </summary>
public static class PortForwardEndpoint
{
    private const string Protocol = "portforward.k8s.io";
    private const string TunnelProtocol = "SPDY/3.1+portforward.k8s.io";
    private const int MostConnections = 1000;
    private static readonly TimeSpan Linger = TimeSpan.FromSeconds(1);

    /// <exception cref="Flotilla.Api.ApiException">The request cannot be served; nothing has been sent yet.</exception>
    public static async Task HandleAsync(HttpContext context, INodeStreams streams, PodTarget target)
    {
        if (Upgrades.WantsWebSocket(context) && Upgrades.Choose(context, webSocket: true, [TunnelProtocol, WebSocketPortForward.Protocol]) == WebSocketPortForward.Protocol)
        {
            var ports = WebSocketPortForward.PortsOf(context);
            await new WebSocketPortForward(await Upgrades.WebSocketAsync(context, WebSocketPortForward.Protocol), streams, target).RunAsync(ports, context.RequestAborted);
            return;
        }
        var transport = await UpgradeAsync(context);
        var connection = new SpdyConnection(transport, isServer: true);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        var forwards = new ConcurrentDictionary<string, Task>(StringComparer.Ordinal);
        try
        {
            var errors = new Dictionary<string, SpdyStream>(StringComparer.Ordinal);
            await foreach (var stream in connection.Incoming.ReadAllAsync(ending.Token))
            {
                var request = stream.Headers.GetValueOrDefault("requestID", "");
                await stream.ReplyAsync(ending.Token);
                if (stream.Headers.GetValueOrDefault("streamType") == "error")
                {
                    errors[request] = stream;
                }
                else if (errors.Remove(request, out var error) && forwards.Count < MostConnections)
                {
                    forwards[request] = Task.Run(
                        async () =>
                        {
                            await ForwardAsync(streams, target, stream, error, ending.Token);
                            forwards.TryRemove(request, out _);
                        },
                        CancellationToken.None);
                }
                else
                {
                    await stream.ResetAsync(ending.Token);
                }
            }
        }
        catch (Exception failure) when (failure is OperationCanceledException or IOException)
        {
            // The client is gone: so are its connections.
        }
        finally
        {
            await ending.CancelAsync();
            await Task.WhenAll(forwards.Values);
            await connection.CloseAsync(Linger);
        }
    }

    private static async Task ForwardAsync(
        INodeStreams streams, PodTarget target, SpdyStream data, SpdyStream error, CancellationToken cancellationToken)
    {
        try
        {
            var port = int.Parse(data.Headers.GetValueOrDefault("port", ""), NumberStyles.None, CultureInfo.InvariantCulture);
            try
            {
                await streams.PortForwardAsync(target, port, data, cancellationToken);
            }
            catch (Exception failure) when (failure is not OperationCanceledException)
            {
                var text = $"error forwarding port {port} to pod {target.Pod}, uid : {failure.Message}";
                await error.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
            }
            await data.CompleteWritesAsync(cancellationToken);
            await error.CompleteWritesAsync(cancellationToken);
            await data.ResetAsync(cancellationToken);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or FormatException)
        {
            // The client hung up, or named no port: this connection is over, others go on.
        }
    }

    private static async Task<Stream> UpgradeAsync(HttpContext context)
    {
        if (Upgrades.WantsWebSocket(context))
        {
            var protocol = Upgrades.Choose(context, webSocket: true, [TunnelProtocol])
                ?? throw StatusAnswers.BadRequest($"unable to upgrade: unsupported WebSocket protocol, expected {TunnelProtocol}");
            return new WebSocketTransport(await Upgrades.WebSocketAsync(context, protocol));
        }
        if (Upgrades.WantsSpdy(context))
        {
            var protocol = Upgrades.Choose(context, webSocket: false, [Protocol])
                ?? throw StatusAnswers.BadRequest($"unable to upgrade: unable to negotiate protocol, server supports {Protocol}");
            return await Upgrades.SpdyAsync(context, protocol);
        }
        throw StatusAnswers.BadRequest("Upgrade request required");
    }
}
