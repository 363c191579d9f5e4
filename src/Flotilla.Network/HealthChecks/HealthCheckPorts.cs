using System.Globalization;
using System.Net;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Services;
using k8s.Models;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Network.HealthChecks;

/// <summary>
/// The health check ports of services with external traffic policy Local: balancers elsewhere ask there whether this node
/// has ready endpoints. A port that is taken is told once and tried again.
/// </summary>
/// <param name="bind">null: every address of the machine.</param>
public sealed partial class HealthCheckPorts(
    NetworkOptions options, InformerSet informers, Func<bool> isHealthy, IPAddress? bind, TimeProvider time, ILogger<HealthCheckPorts> logger) : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan TryEvery = TimeSpan.FromSeconds(10);

    private readonly DirtyKeys changed = new(time, Gather);
    private readonly Dictionary<CheckedService, WebApplication> open = [];
    private readonly HashSet<CheckedService> refused = [];
    private readonly Informer<V1Service> services = informers.Of<V1Service>();
    private readonly Informer<V1EndpointSlice> slices = informers.Of<V1EndpointSlice>();

    /// <summary>The ports that are open.</summary>
    internal IEnumerable<int> Open => open.Keys.Select(service => service.Port);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        slices.AddIndex(SliceIndex.ByService, SliceIndex.ServiceOf);
        services.Subscribe(change =>
        {
            if (Of(change.Old) != Of(change.New))
            {
                changed.Add(change.Latest.Key());
            }
        });
        try
        {
            await services.WaitForSyncAsync(stoppingToken);
            await slices.WaitForSyncAsync(stoppingToken);
            changed.Poke();
            while (true)
            {
                await changed.TakeAsync(refused.Count > 0 ? TryEvery : Timeout.InfiniteTimeSpan, stoppingToken);
                await ApplyAsync([.. services.List().Select(Of).OfType<CheckedService>()], stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            foreach (var application in open.Values)
            {
                await application.DisposeAsync();
            }
        }
    }

    private static CheckedService? Of(V1Service? service) => service is null ? null : CheckedService.For(service);

    private async Task ApplyAsync(HashSet<CheckedService> wanted, CancellationToken cancellationToken)
    {
        refused.IntersectWith(wanted);
        foreach (var gone in open.Keys.Except(wanted).ToList())
        {
            open.Remove(gone, out var application);
            await application!.DisposeAsync();
        }

        foreach (var service in wanted.Except(open.Keys))
        {
            await OpenAsync(service, cancellationToken);
        }
    }

    private async Task OpenAsync(CheckedService service, CancellationToken cancellationToken)
    {
        var application = ApplicationFor(service);
        try
        {
            await application.StartAsync(cancellationToken);
            open.Add(service, application);
            refused.Remove(service);
        }
        catch (Exception taken) when (taken is IOException or System.Net.Sockets.SocketException)
        {
            await application.DisposeAsync();
            if (refused.Add(service))
            {
                Log.Refused(logger, service.Port, service.Key, taken.Message);
            }
        }
    }

    private WebApplication ApplicationFor(CheckedService service)
    {
        var builder = ListenerHost.CreateBuilder(null);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            if (bind is null)
            {
                kestrel.ListenAnyIP(service.Port);
            }
            else
            {
                kestrel.Listen(bind, service.Port);
            }
        });
        var application = builder.Build();
        application.Run(context => AnswerAsync(context, service));
        return application;
    }

    private Task AnswerAsync(HttpContext context, CheckedService service)
    {
        var count = CheckedService.LocalEndpoints(slices.ByIndex(SliceIndex.ByService, service.Key.ToString()), options.NodeName);
        var healthy = isHealthy();
        context.Response.StatusCode = count > 0 && healthy ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        context.Response.Headers["X-Load-Balancing-Endpoint-Weight"] = count.ToString(CultureInfo.InvariantCulture);
        return context.Response.WriteAsync(service.Answer(count, healthy), context.RequestAborted);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The health check port {Port} of service {Service} cannot be opened; trying again: {Reason}")]
        public static partial void Refused(ILogger logger, int port, ObjectKey service, string reason);
    }
}
