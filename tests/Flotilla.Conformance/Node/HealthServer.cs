using System.Collections.Concurrent;
using System.Net;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace Flotilla.Conformance.Node;

/// <summary>grpc.health.v1.Health without TLS, on all addresses of this machine.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, bool> services = new(StringComparer.Ordinal);
    private readonly WebApplication app;

    private HealthServer()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0, listen => listen.Protocols = HttpProtocols.Http2));
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    public int Port => new Uri(app.Urls.First()).Port;

    public static async Task<HealthServer> StartAsync()
    {
        var server = new HealthServer();
        await server.app.StartAsync();
        return server;
    }

    public void Set(string service, bool isServing) => services[service] = isServing;

    public ValueTask DisposeAsync() => app.DisposeAsync();

    // A message is a flag, its length in four bytes, and one field each: the name of the service, the status 1 (serving) or 2.
    private async Task AnswerAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var name = body.Length > 7 ? Encoding.UTF8.GetString(body.ToArray().AsSpan(7)) : "";
        context.Response.ContentType = "application/grpc";
        await context.Response.Body.WriteAsync((byte[])[0, 0, 0, 0, 2, 8, (byte)(services.GetValueOrDefault(name) ? 1 : 2)]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
