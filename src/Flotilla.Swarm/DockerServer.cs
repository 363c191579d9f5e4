using System.Runtime.Versioning;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Wire;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm;

/// <summary>
/// The Docker API of this machine on a unix socket: every request is translated to objects of the cluster and back. It
/// keeps nothing; whoever may open the socket is the cluster's administrator, as with Docker.
/// </summary>
[SupportedOSPlatform("linux")]
public sealed partial class DockerServer : IHostedService, IAsyncDisposable
{
    private readonly SwarmOptions options;
    private readonly ILoggerFactory loggers;
    private readonly ILogger logger;
    private readonly RouteTable routes;
    private WebApplication? application;

    public DockerServer(SwarmOptions options, IObjectClient client, InformerSet informers, PodLogs logs, NodeShutOut removeNode, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.loggers = loggers;
        logger = loggers.CreateLogger<DockerServer>();
        routes = new RouteTable(DockerRoutes.All(new SwarmContext(client, informers, options, time), logs, removeNode));
    }

    /// <summary>Where it listens, as <c>DOCKER_HOST</c> takes it.</summary>
    public static string HostOf(string socket) => "unix://" + socket;

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(options.Socket)!);

        // A killed process leaves it behind.
        File.Delete(options.Socket);
        application = Build();
        await application.StartAsync(cancellationToken);
        File.SetUnixFileMode(options.Socket, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.GroupWrite);
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await (application?.StopAsync(cancellationToken) ?? Task.CompletedTask);
        if (File.Exists(options.Socket))
        {
            File.Delete(options.Socket);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (application is not null)
        {
            await application.DisposeAsync();
        }
    }

    private WebApplication Build()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(loggers);
        builder.Services.AddSingleton<IHostLifetime, QuietLifetime>();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MinRequestBodyDataRate = null;
            kestrel.Limits.MinResponseDataRate = null;
            kestrel.ListenUnixSocket(options.Socket, listen => listen.Protocols = HttpProtocols.Http1);
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
        headers.Server = $"Flotilla/{options.Version} (linux)";
        DockerAnswer answer;
        try
        {
            answer = await AnswerAsync(context);
            await answer.SendAsync(context.Response, context.RequestAborted);
            return;
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // The client has gone; there is nobody to answer.
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

    private Task<DockerAnswer> AnswerAsync(HttpContext context)
    {
        var (version, path) = ApiVersion.Split(context.Request.Path.Value ?? "/");
        var (route, words) = routes.Find(context.Request.Method, path);
        return route.AnswerAsync(new DockerRequest(context, version, words), context.RequestAborted);
    }

    // The process has a lifetime of its own; the server only starts and stops with it.
    private sealed class QuietLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The Docker request for {Path} failed")]
        public static partial void Failed(ILogger logger, string path, Exception failure);
    }
}

/// <summary>Takes a node out of the cluster for good.</summary>
public delegate Task NodeShutOut(string node, CancellationToken cancellationToken);

/// <summary>Copies the log of a task's pod, wherever it runs: <c>(namespace, pod, options, destination)</c>.</summary>
public delegate Task PodLogs(string ns, string pod, LogOptions options, Stream destination, CancellationToken cancellationToken);
