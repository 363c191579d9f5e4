using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Flotilla.Client.Streams;

/// <summary>The two upgrades kubectl asks for, on HTTP/1.1.</summary>
internal static class Upgrades
{
    private const string ProtocolHeader = "X-Stream-Protocol-Version";
    private const string WebSocketProtocolHeader = "Sec-WebSocket-Protocol";
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(15);

    public static bool WantsWebSocket(HttpContext context) => Wants(context, "websocket");

    public static bool WantsSpdy(HttpContext context) => Wants(context, "SPDY/3.1");

    /// <summary>The first protocol the client names that we know.</summary>
    public static string? Choose(HttpContext context, bool webSocket, IReadOnlyList<string> known) =>
        context.Request.Headers[webSocket ? WebSocketProtocolHeader : ProtocolHeader]
            .SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .FirstOrDefault(name => known.Contains(name, StringComparer.Ordinal));

    public static async Task<Stream> SpdyAsync(HttpContext context, string protocol)
    {
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "SPDY/3.1";
        context.Response.Headers[ProtocolHeader] = protocol;
        return await Feature(context).UpgradeAsync();
    }

    public static async Task<WebSocket> WebSocketAsync(HttpContext context, string protocol)
    {
        var key = context.Request.Headers.SecWebSocketKey.ToString();
        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept =
            Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
        context.Response.Headers[WebSocketProtocolHeader] = protocol;
        var stream = await Feature(context).UpgradeAsync();
        // The protocol is settled by the header; .NET would refuse the slash in the name of the tunnel.
        return WebSocket.CreateFromStream(stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = KeepAlive });
    }

    private static bool Wants(HttpContext context, string protocol) =>
        context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
        && context.Request.Headers.Upgrade.Any(value => string.Equals(value, protocol, StringComparison.OrdinalIgnoreCase));

    private static IHttpUpgradeFeature Feature(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>() ?? throw StatusAnswers.BadRequest("Upgrade request required");
}
