using System.Net;
using System.Net.WebSockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Flotilla.Ingress.Tests.Proxying;

/// <summary>A pod: answers with what it was asked, one <c>name: value</c> a line, on a port of its own.</summary>
internal sealed class EchoBackend : IAsyncDisposable
{
    private readonly WebApplication application;

    private EchoBackend(string name, HttpProtocols protocols)
    {
        Name = name;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = protocols));
        application = builder.Build();
        application.UseWebSockets();
        application.Run(context => AnswerAsync(context, name));
    }

    /// <summary>Requests with the path <c>/wait</c> are answered when this is released.</summary>
    public SemaphoreSlim Gate { get; } = new(0);

    public int Waiting;

    public string Name { get; }

    public int Port => new Uri(application.Urls.First()).Port;

    public static async Task<EchoBackend> StartAsync(string name, HttpProtocols protocols = HttpProtocols.Http1)
    {
        var backend = new EchoBackend(name, protocols);
        await backend.application.StartAsync();
        return backend;
    }

    public async ValueTask DisposeAsync() => await application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, string name)
    {
        if (context.WebSockets.IsWebSocketRequest)
        {
            await EchoAsync(await context.WebSockets.AcceptWebSocketAsync(), context.RequestAborted);
            return;
        }

        if (context.Request.Path == "/wait")
        {
            Interlocked.Increment(ref Waiting);
            await Gate.WaitAsync(context.RequestAborted);
        }

        var body = await new StreamReader(context.Request.Body).ReadToEndAsync(context.RequestAborted);
        context.Response.Headers["X-Backend"] = name;
        if (context.Request.Protocol == "HTTP/2" && context.Response.SupportsTrailers())
        {
            context.Response.AppendTrailer("grpc-status", "0");
        }

        var lines = context.Request.Headers.Select(header => $"{header.Key}: {header.Value}");
        await context.Response.WriteAsync(
            string.Join('\n', [$"backend: {name}", $"protocol: {context.Request.Protocol}", $"target: {context.Request.Path}{context.Request.QueryString}", $"body: {body.Length}", .. lines]));
    }

    private static async Task EchoAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[1024];
        var message = await socket.ReceiveAsync(buffer, cancellationToken);
        await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, true, cancellationToken);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }
}
