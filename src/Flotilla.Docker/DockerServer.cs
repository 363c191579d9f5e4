using System.Runtime.Versioning;
using Flotilla.Api;
using Flotilla.Client.Services;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Docker;

/// <summary>
/// The Docker API of this machine on a unix socket. It only knows which route answers what; whoever may open the socket is the
/// administrator of cluster and machine, as with Docker.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed partial class DockerServer : IHostedService, IAsyncDisposable
{
    private readonly string socket;
    private readonly string version;
    private readonly ILoggerFactory loggers;
    private readonly ILogger logger;
    private volatile RouteTable routes;
    private readonly CancellationTokenSource ended = new();
    private WebApplication? application;

    public DockerServer(string socket, string version, IEnumerable<Route> routes, ILoggerFactory loggers)
    {
        this.socket = socket;
        this.version = version;
        this.loggers = loggers;
        logger = loggers.CreateLogger<DockerServer>();
        this.routes = new RouteTable(routes);
    }

    /// <summary>Requests from now on are answered by these; those that are being answered go on.</summary>
    public void Use(IEnumerable<Route> next) => routes = new RouteTable(next);

    /// <summary>Where it listens, as <c>DOCKER_HOST</c> takes it.</summary>
    public static string HostOf(string socket) => "unix://" + socket;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(socket)!);

        // A killed process leaves it behind.
        File.Delete(socket);
        application = Build();
        await application.StartAsync(cancellationToken);
        File.SetUnixFileMode(socket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        // Streams of logs and events have no end of their own.
        await ended.CancelAsync();
        await (application?.StopAsync(cancellationToken) ?? Task.CompletedTask);
        if (File.Exists(socket))
        {
            File.Delete(socket);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
        {
            await application.DisposeAsync();
        }

        ended.Dispose();
    }

    private WebApplication Build()
    {
        var builder = ListenerHost.CreateBuilder(loggers);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenUnixSocket(socket, listen =>
            {
                listen.Protocols = HttpProtocols.Http1;
                listen.Use(next => connection => UpgradedConnections.ServeAsync(connection, next, HandleAsync, ended.Token));
            });
        });
        var built = builder.Build();
        built.Run(HandleAsync);
        return built;
    }

    private async Task HandleAsync(HttpContext context)
    {
        var headers = context.Response.Headers;
        headers["Api-Version"] = ApiVersion.Newest.ToString();
        headers["Docker-Experimental"] = "false";
        headers["Ostype"] = "linux";
        headers.Server = $"Flotilla/{version} (linux)";
        using var over = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, ended.Token);
        DockerAnswer answer;
        try
        {
            answer = await AnswerAsync(context, over.Token);
            await answer.SendAsync(context.Response, over.Token);
            return;
        }
        catch (OperationCanceledException) when (over.IsCancellationRequested)
        {
            // The client has gone, or we go; there is nobody to answer.
            return;
        }
        catch (DockerException refused)
        {
            answer = DockerAnswer.Error(refused.Code, refused.Message);
        }
        catch (ApiException refused)
        {
            var said = DockerException.From(refused);
            answer = DockerAnswer.Error(said.Code, said.Message);
        }
        catch (Exception failure)
        {
            Log.Failed(logger, context.Request.Path, failure);
            answer = DockerAnswer.Error(StatusCodes.Status500InternalServerError, failure.Message);
        }

        if (context.Response.HasStarted)
        {
            context.Abort();
            return;
        }

        await answer.SendAsync(context.Response, CancellationToken.None);
    }

    private Task<DockerAnswer> AnswerAsync(HttpContext context, CancellationToken cancellationToken)
    {
        var (version, path) = ApiVersion.Split(context.Request.Path.Value ?? "/");
        var (route, words) = routes.Find(context.Request.Method, path);
        return route.AnswerAsync(new DockerRequest(context, version, words), cancellationToken);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The Docker request for {Path} failed")]
        public static partial void Failed(ILogger logger, string path, Exception failure);
    }
}
