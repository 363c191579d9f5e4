using Flotilla.Api;
using k8s.Models;
using Microsoft.AspNetCore.Http;

namespace Flotilla.Client.Streams;

/// <summary>
/// Serves <c>exec</c> and <c>attach</c> to kubectl: WebSocket (v5, v4) and SPDY/3.1. Nothing is upgraded before the node
/// has found the container, so that everything which goes wrong until then is an ordinary answer.
/// </summary>
public static class RemoteCommandEndpoint
{
    private static readonly string[] WebSocketProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
    private static readonly string[] SpdyProtocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"];

    /// <exception cref="ApiException">The request cannot be served; nothing has been sent yet.</exception>
    public static async Task HandleAsync(HttpContext context, INodeStreams streams, PodTarget target, ExecOptions options, bool attach)
    {
        await using var session = Session(context, options);
        V1Status status;
        try
        {
            status = attach
                ? await streams.AttachAsync(target, options, session, context.RequestAborted)
                : await streams.ExecAsync(target, options, session, context.RequestAborted);
        }
        catch (Exception failure) when (session.IsOpen)
        {
            status = StatusAnswers.ForFailure(failure);
        }
        await session.OpenAsync(context.RequestAborted);
        await session.FinishAsync(status);
    }

    private static RemoteCommandSession Session(HttpContext context, ExecOptions options)
    {
        if (Upgrades.WantsWebSocket(context))
        {
            var protocol = Upgrades.Choose(context, webSocket: true, WebSocketProtocols)
                ?? throw StatusAnswers.BadRequest($"unable to upgrade: unsupported WebSocket protocol, expected one of {string.Join(", ", WebSocketProtocols)}");
            return new WebSocketSession(context, protocol, options);
        }
        if (Upgrades.WantsSpdy(context))
        {
            var protocol = Upgrades.Choose(context, webSocket: false, SpdyProtocols)
                ?? throw StatusAnswers.BadRequest($"unable to upgrade: unable to negotiate protocol, server supports {string.Join(", ", SpdyProtocols)}");
            return new SpdySession(context, protocol, options);
        }
        throw StatusAnswers.BadRequest("Upgrade request required");
    }
}

/// <summary>One exec or attach on one of the protocols.</summary>
internal abstract class RemoteCommandSession : IStreamChannels, IAsyncDisposable
{
    public bool IsOpen { get; private set; }

    public Stream? Stdin { get; protected set; }

    public Stream? Stdout { get; protected set; }

    public Stream? Stderr { get; protected set; }

    public async ValueTask OpenAsync(CancellationToken cancellationToken)
    {
        if (!IsOpen)
        {
            IsOpen = true;
            await UpgradeAsync(cancellationToken);
        }
    }

    public abstract IAsyncEnumerable<TerminalSize> ResizesAsync(CancellationToken cancellationToken);

    /// <summary>Sends the status and ends the session. A client that has gone is no failure.</summary>
    public async Task FinishAsync(V1Status status)
    {
        var text = StatusAnswers.Encode(status);
        try
        {
            await SendStatusAsync(text);
        }
        catch (Exception failure) when (failure is IOException or OperationCanceledException or ObjectDisposedException
            or System.Net.WebSockets.WebSocketException)
        {
            // Nobody is left to be told.
        }
    }

    public abstract ValueTask DisposeAsync();

    protected abstract Task UpgradeAsync(CancellationToken cancellationToken);

    protected abstract Task SendStatusAsync(byte[] status);
}
