using System.Net;
using Flotilla.Client.Services;
using Flotilla.Server.Identity;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Http;

/// <summary>Kestrel with the cluster's certificates: TLS, HTTP/1.1 and HTTP/2, client certificates of our authority.</summary>
public sealed class HttpListenerHost : IAsyncDisposable
{
    /// <summary>Longer bodies are cut off; shorter ones that are still too long are read and refused in words.</summary>
    private const int MaxBodyBytes = 64 * 1024 * 1024;
    private readonly WebApplication application;

    public HttpListenerHost(ApiServerOptions options, ClusterIdentity identity, HttpAdapter adapter, ILoggerFactory loggers)
    {
        var builder = ListenerHost.CreateBuilder(loggers);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;

            // Warnings quote names of fields, which may be in any script.
            kestrel.ResponseHeaderEncodingSelector = static _ => System.Text.Encoding.UTF8;
            kestrel.Limits.MaxRequestBodySize = MaxBodyBytes;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.Limits.Http2.MaxStreamsPerConnection = 1000;

            // A node that vanished without a word must not look connected.
            kestrel.Limits.Http2.KeepAlivePingDelay = TimeSpan.FromSeconds(15);
            kestrel.Limits.Http2.KeepAlivePingTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.Http2.InitialConnectionWindowSize = 1 << 20;
            kestrel.Limits.Http2.InitialStreamWindowSize = 1 << 19;
            if (options.BindAddress.Equals(IPAddress.Any))
            {
                // Of both families, where the machine has them.
                kestrel.ListenAnyIP(options.Port, Configure);
            }
            else
            {
                kestrel.Listen(options.BindAddress, options.Port, Configure);
            }
        });
        application = builder.Build();
        application.UseWebSockets();
        application.Run(context =>
        {
            // A client of IPv4 at a socket of both families.
            if (context.Connection.RemoteIpAddress is { IsIPv4MappedToIPv6: true } mapped)
            {
                context.Connection.RemoteIpAddress = mapped.MapToIPv4();
            }

            return adapter.HandleAsync(context);
        });

        void Configure(ListenOptions listen)
        {
            listen.Protocols = HttpProtocols.Http1AndHttp2;
            listen.UseHttps(https =>
            {
                // Without one it does not start; what is shown is that one with its chain, which only the other can say.
                https.ServerCertificateSelector = (_, _) => identity.ServerCertificate;
                https.OnAuthenticate = (_, tls) => (tls.ServerCertificateSelectionCallback, tls.ServerCertificateContext) = (null, identity.ServerChain);
                https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                // Whose certificate it is, and whether it holds, authentication says: a bad one is answered, not hung up on.
                https.ClientCertificateValidation = (_, _, _) => true;
            });
        }
    }

    public Task StartAsync(CancellationToken cancellationToken) => application.StartAsync(cancellationToken);

    public Task StopAsync(CancellationToken cancellationToken) => application.StopAsync(cancellationToken);

    public ValueTask DisposeAsync() => application.DisposeAsync();
}
