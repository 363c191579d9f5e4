using Flotilla.Client.Services;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Serving;

/// <summary>The node's own HTTPS server: statistics, metrics, logs and streams of its pods, for those whom the cluster lets in.</summary>
internal sealed partial class NodeServer(NodeServing serving, NodeAccess access, NodeRoutes routes, ILoggerFactory loggers) : IHostedService, IAsyncDisposable
{
    private readonly ILogger logger = loggers.CreateLogger<NodeServer>();
    private WebApplication? application;

    /// <summary>Where it listens, once started.</summary>
    public int Port { get; private set; }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            await ListenAsync(serving.Port, cancellationToken);
        }
        catch (IOException taken)
        {
            Log.PortTaken(logger, serving.Port, taken.Message);
            await ListenAsync(0, cancellationToken);
        }
    }

    public Task StopAsync(CancellationToken cancellationToken) => application?.StopAsync(cancellationToken) ?? Task.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
        {
            await application.DisposeAsync();
        }
    }

    private async Task ListenAsync(int port, CancellationToken cancellationToken)
    {
        application = Build(port);
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
        Port = new Uri(application.Urls.First()).Port;
    }

    private WebApplication Build(int port)
    {
        var builder = ListenerHost.CreateBuilder(loggers);
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenAnyIP(port, listen =>
            {
                listen.Protocols = HttpProtocols.Http1AndHttp2;
                listen.UseHttps(https =>
                {
                    https.ServerCertificateSelector = (_, _) => serving.Certificate();
                    https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
                    // Whose it is, and whether it holds, is said in an answer.
                    https.ClientCertificateValidation = (_, _, _) => true;
                });
            });
        });
        var built = builder.Build();
        built.UseWebSockets();
        built.Run(HandleAsync);
        return built;
    }

    private async Task HandleAsync(HttpContext context)
    {
        try
        {
            if (await access.AdmitAsync(context))
            {
                await routes.HandleAsync(context);
            }
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
        }
        catch (Exception failure)
        {
            await FailAsync(context, failure);
        }
    }

    private async Task FailAsync(HttpContext context, Exception failure)
    {
        var refused = failure as Api.ApiException;
        var code = refused?.Code ?? StatusCodes.Status500InternalServerError;
        if (refused is null)
        {
            Log.Failed(logger, context.Request.Path, failure);
        }
        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }
        await Answers.TextAsync(context, failure.Message + "\n", code);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Port {Port} is not to be had ({Reason}); the node's server takes another")]
        public static partial void PortTaken(ILogger logger, int port, string reason);

        [LoggerMessage(Level = LogLevel.Error, Message = "The request for {Path} failed")]
        public static partial void Failed(ILogger logger, string path, Exception failure);
    }
}
