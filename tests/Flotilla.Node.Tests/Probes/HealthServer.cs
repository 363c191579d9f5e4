using System.Net;
using Flotilla.Node.Probes.Grpc;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;

namespace Flotilla.Node.Tests.Probes;

/// <summary>A server of grpc.health.v1.Health that answers what it is told to: HTTP/2 without TLS, as probes speak it.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly WebApplication app;

    public HealthServer()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Any, 0, listen => listen.Protocols = HttpProtocols.Http2));
        app = builder.Build();
        app.Run(AnswerAsync);
    }

    /// <summary>What each service is; one that is not here is unknown.</summary>
    public Dictionary<string, HealthCheckResponse.Types.ServingStatus> Services { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether the protocol is known at all.</summary>
    public bool Implements { get; set; } = true;

    public bool Answers { get; set; } = true;

    public int Port { get; private set; }

    public async Task StartAsync()
    {
        await app.StartAsync();
        Port = new Uri(app.Urls.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (!Answers)
        {
            await Task.Delay(Timeout.Infinite, context.RequestAborted);
        }
        context.Response.ContentType = "application/grpc";
        if (!Implements || context.Request.Path != "/grpc.health.v1.Health/Check")
        {
            context.Response.Headers["grpc-status"] = "12";
            context.Response.Headers["grpc-message"] = "unknown service grpc.health.v1.Health";
            return;
        }
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var request = HealthCheckRequest.Parser.ParseFrom(body.ToArray().AsSpan(5));
        if (!Services.TryGetValue(request.Service, out var status))
        {
            context.Response.Headers["grpc-status"] = "5";
            context.Response.Headers["grpc-message"] = "unknown service";
            return;
        }
        var message = new HealthCheckResponse { Status = status }.ToByteArray();
        await context.Response.Body.WriteAsync((byte[])[0, 0, 0, 0, (byte)message.Length, .. message]);
        context.Response.AppendTrailer("grpc-status", "0");
    }
}
