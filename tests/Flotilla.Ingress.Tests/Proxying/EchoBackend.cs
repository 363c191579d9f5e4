using System.Net;
using System.Net.WebSockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Flotilla.Ingress.Tests.Proxying;

/// <summary>A pod: answers with what it was asked, one <c>name: value</c> a line, on a port of its own.</summary>
internal sealed class EchoBackend : IAsyncDisposable
{
    private readonly WebApplication application;

    private readonly Action<HttpContext>? answer;

    private EchoBackend(string name, HttpProtocols protocols, Action<HttpContext>? answer, X509Certificate2? certificate)
    {
        Name = name;
        this.answer = answer;
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen =>
        {
            listen.Protocols = protocols;
            if (certificate is not null)
            {
                // By a selector, for the name that the client asks for is noted only then.
                var https = new HttpsConnectionAdapterOptions { ServerCertificateSelector = (_, _) => certificate, ClientCertificateMode = ClientCertificateMode.AllowCertificate };
                https.AllowAnyClientCertificate();
                listen.UseHttps(https);
            }
        }));
        application = builder.Build();
        application.UseWebSockets();
        application.Run(context => AnswerAsync(context, name));
    }

    /// <summary>Requests with the path <c>/wait</c> are answered when this is released.</summary>
    public SemaphoreSlim Gate { get; } = new(0);

    public int Waiting;

    public string Name { get; }

    public int Port => new Uri(application.Urls.First()).Port;

    /// <param name="answer">Instead of the echo.</param>
    /// <param name="certificate">Shown in TLS; null: without.</param>
    public static async Task<EchoBackend> StartAsync(string name, HttpProtocols protocols = HttpProtocols.Http1, Action<HttpContext>? answer = null, X509Certificate2? certificate = null)
    {
        var backend = new EchoBackend(name, protocols, answer, certificate);
        await backend.application.StartAsync();
        return backend;
    }

    public async ValueTask DisposeAsync() => await application.DisposeAsync();

    private async Task AnswerAsync(HttpContext context, string name)
    {
        if (answer is not null)
        {
            answer(context);
            return;
        }

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
            string.Join('\n', [$"backend: {name}", $"protocol: {context.Request.Protocol}", $"target: {context.Request.Path}{context.Request.QueryString}", $"body: {body.Length}", .. OfTls(context), .. lines]));
    }

    private static IEnumerable<string> OfTls(HttpContext context) => context.Features.Get<ITlsHandshakeFeature>() is { } tls
        ? [$"server-name: {tls.HostName}", $"client: {context.Connection.ClientCertificate?.Subject}"]
        : [];

    private static async Task EchoAsync(WebSocket socket, CancellationToken cancellationToken)
    {
        var buffer = new byte[1024];
        var message = await socket.ReceiveAsync(buffer, cancellationToken);
        await socket.SendAsync(buffer.AsMemory(0, message.Count), message.MessageType, true, cancellationToken);
        await socket.CloseAsync(WebSocketCloseStatus.NormalClosure, null, cancellationToken);
    }
}
