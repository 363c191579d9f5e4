using System.Net;
using System.Text;
using Flotilla.Client.Services;
using Flotilla.Ingress.Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress.Proxying;

/// <summary>One open port: Kestrel in front of the engine. Its table may be replaced at any time.</summary>
internal sealed class Listener : IAsyncDisposable
{
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(75);
    private readonly WebApplication application;
    private readonly ProxyEngine engine;
    private volatile PortTable table;

    private Listener(PortTable table, IngressOptions options, ProxyEngine engine, CertificateCache certificates, ILoggerFactory loggers)
    {
        this.table = table;
        this.engine = engine;
        var builder = ListenerHost.CreateBuilder(loggers);

        // No step of a route blocks a thread, so that requests need not change threads where a connection is read.
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.UnsafePreferInlineScheduling = true).UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            Limit(kestrel);
            if (options.BindAddress is null)
            {
                kestrel.ListenAnyIP(table.Port, listen => Configure(listen, certificates));
            }
            else
            {
                kestrel.Listen(options.BindAddress, table.Port, listen => Configure(listen, certificates));
            }
        });
        application = builder.Build();
        application.Run(HandleAsync);
    }

    public PortTable Table
    {
        get => table;
        set => table = value;
    }

    /// <summary>Where it really listens.</summary>
    public int Port { get; private set; }

    /// <exception cref="IOException">The port is not to be had.</exception>
    public static async Task<Listener> StartAsync(
        PortTable table, IngressOptions options, ProxyEngine engine, CertificateCache certificates, ILoggerFactory loggers, CancellationToken cancellationToken)
    {
        var listener = new Listener(table, options, engine, certificates, loggers);
        try
        {
            await listener.application.StartAsync(cancellationToken);
            listener.Port = new Uri(listener.application.Urls.First().Replace("[::]", "localhost", StringComparison.Ordinal)).Port;
            return listener;
        }
        catch
        {
            await listener.DisposeAsync();
            throw;
        }
    }

    /// <summary>Requests under way may end within <paramref name="grace"/>.</summary>
    public async Task StopAsync(TimeSpan grace)
    {
        using var limit = new CancellationTokenSource(grace);
        await application.StopAsync(limit.Token);
    }

    public ValueTask DisposeAsync() => application.DisposeAsync();

    private Task HandleAsync(HttpContext context) => engine.HandleAsync(context, table);

    private static void Limit(KestrelServerOptions kestrel)
    {
        kestrel.AddServerHeader = false;

        // Bytes of headers go through as they are.
        kestrel.RequestHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.ResponseHeaderEncodingSelector = static _ => Encoding.Latin1;
        kestrel.Limits.KeepAliveTimeout = KeepAlive;

        // Routes say what is too long; streams of gRPC may be silent for as long as their route lets them.
        kestrel.Limits.MaxRequestBodySize = null;
        kestrel.Limits.MinRequestBodyDataRate = null;
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.Limits.Http2.MaxStreamsPerConnection = 128;
    }

    private void Configure(ListenOptions listen, CertificateCache certificates)
    {
        listen.Protocols = table.Protocol switch
        {
            PortProtocol.Https => HttpProtocols.Http1AndHttp2,
            PortProtocol.Grpc => HttpProtocols.Http2,
            _ => HttpProtocols.Http1,
        };
        if (table.Protocol == PortProtocol.Https)
        {
            listen.Use(next => connection => engine.Passthrough.HandleAsync(connection, table, next));
            listen.UseHttps(new TlsHandshakeCallbackOptions
            {
                OnConnection = connection => ValueTask.FromResult(certificates.OptionsFor(table.Certificates?.Find(connection.ClientHelloInfo.ServerName)?.Secret)),
            });
        }
    }
}
