using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Certificates;
using Flotilla.Ingress.Gateways;
using Flotilla.Ingress.Ingresses;
using Flotilla.Ingress.Observing;
using Flotilla.Ingress.Proxying;
using Flotilla.Ingress.Secrets;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress;

/// <summary>
/// One node's door for HTTP: follows Ingresses, Services and their endpoints and keeps ports, routes and destinations equal
/// to them. Nothing listens until there is something to serve. One task compiles and applies; requests read tables.
/// </summary>
public sealed partial class IngressProxy : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(15);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan TryPortsEvery = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan SecretsWithin = TimeSpan.FromSeconds(3);

    private readonly IngressOptions options;
    private readonly IObjectClient client;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Informer<V1Ingress> ingresses;
    private readonly Informer<V1IngressClass> classes;
    private readonly Informer<V1Service> services;
    private readonly Informer<V1EndpointSlice> slices;
    private readonly GatewayObjects gateways;
    private readonly ReferencedSecrets secrets;
    private readonly BackendSet backends = new();
    private readonly IngressCompiler compiler;
    private readonly AccessLog? accessLog;
    private readonly ProxyEngine engine;
    private readonly ListenerSet listeners;
    private readonly DirtyKeys changed;
    private volatile bool routesChanged = true;
    private string? announced;

    /// <param name="client">This node as itself.</param>
    /// <param name="own">What this node may see as itself: of the Secrets, those that it needs.</param>
    /// <param name="informers">What is the same for all nodes.</param>
    public IngressProxy(IngressOptions options, IObjectClient client, InformerSet own, InformerSet informers, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.client = client;
        this.time = time;
        logger = loggers.CreateLogger<IngressProxy>();
        ingresses = informers.Of<V1Ingress>();
        classes = informers.Of<V1IngressClass>();
        services = informers.Of<V1Service>();
        slices = informers.Of<V1EndpointSlice>();
        slices.AddIndex(SliceIndex.ByService, SliceIndex.ServiceOf);
        changed = new DirtyKeys(time, Gather);
        gateways = new GatewayObjects(client, informers, time, logger);
        secrets = new ReferencedSecrets(own, Wake);
        compiler = new IngressCompiler(backends, options.HttpsPort);
        accessLog = options.AccessLog is { } path ? new AccessLog(path, time) : null;
        engine = new ProxyEngine(secrets, Metrics, accessLog, time, loggers.CreateLogger<ProxyEngine>());
        listeners = new ListenerSet(options, engine, new CertificateCache(secrets, time, loggers.CreateLogger<CertificateCache>()), loggers);
    }

    public IngressMetrics Metrics { get; } = new();

    /// <summary>The ports that are open.</summary>
    internal ListenerSet Listeners => listeners;

    public override void Dispose()
    {
        engine.Dispose();
        accessLog?.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            // Once: it goes on while a proxy that failed is started again, and ends after the last request.
            if (accessLog is { ExecuteTask: null })
            {
                await accessLog.StartAsync(CancellationToken.None);
            }

            ingresses.Subscribe(_ => WakeForRoutes());
            classes.Subscribe(_ => WakeForRoutes());
            services.Subscribe(_ => WakeForRoutes());
            slices.Subscribe(_ => Wake());
            await Task.WhenAll(
                ingresses.WaitForSyncAsync(stoppingToken), classes.WaitForSyncAsync(stoppingToken), services.WaitForSyncAsync(stoppingToken), slices.WaitForSyncAsync(stoppingToken));
            WakeForRoutes();
            await Task.WhenAll(FollowGatewaysAsync(stoppingToken), ApplyChangesAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await listeners.DisposeAsync();
            await engine.Mirrors.StopAsync(CancellationToken.None);
            await (accessLog?.StopAsync(CancellationToken.None) ?? Task.CompletedTask);
        }
    }

    private async Task ApplyChangesAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await WaitAsync(stoppingToken);
            await ApplyAsync(stoppingToken);
        }
    }

    private async Task FollowGatewaysAsync(CancellationToken stoppingToken)
    {
        await engine.Mirrors.StartAsync(stoppingToken);
        await gateways.FollowAsync(WakeForRoutes, stoppingToken);
    }

    private async Task WaitAsync(CancellationToken cancellationToken)
    {
        if (await changed.TakeAsync(listeners.HasRefused ? TryPortsEvery : Timeout.InfiniteTimeSpan, cancellationToken) is null)
        {
            // A port that was taken may be free by now.
            routesChanged = true;
        }
    }

    private async Task ApplyAsync(CancellationToken cancellationToken)
    {
        try
        {
            if (routesChanged)
            {
                routesChanged = false;
                await ApplyRoutesAsync(cancellationToken);
            }
            else
            {
                FillBackends();
            }

            await AnnounceAsync(cancellationToken);
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            // Whatever is wrong with one object or the machine now, routes must come back by themselves.
            Log.Failed(logger, error is ApiException ? null : error, error.Message);
            await Task.Delay(RetryAfter, time, cancellationToken);
            WakeForRoutes();
        }
    }

    private async Task ApplyRoutesAsync(CancellationToken cancellationToken)
    {
        var model = compiler.Compile(ingresses.List(), classes.List(), services.Get);
        var gatewayModel = GatewayCompiler.Compile(gateways.Input(services.Get, secrets), backends, options);
        backends.Sweep();
        secrets.Watch(model.Secrets.Union(gatewayModel.Secrets).ToHashSet());
        await secrets.WaitAsync(SecretsWithin, time, cancellationToken);
        FillBackends();
        await listeners.ApplyAsync(PortTables.For(options, model, gatewayModel), ClaimedPorts.For(services.List(), options.NodeAddress), cancellationToken);
    }

    private void FillBackends()
    {
        foreach (var backend in backends.All)
        {
            var key = new ObjectKey(backend.Key.Namespace, backend.Key.Service);
            backend.Replace(services.Get(key) is { } service ? ServiceEndpoints.For(service, backend.Key.Port, slices.ByIndex(SliceIndex.ByService, key.ToString())) : []);
        }
    }

    /// <summary>Tells the cluster, on the Node, which ports are open: from there the status of Ingresses comes.</summary>
    private async Task AnnounceAsync(CancellationToken cancellationToken)
    {
        var ports = OpenPorts.Text(listeners.Ports, options);
        if (ports == announced)
        {
            return;
        }

        var body = JsonSerializer.SerializeToUtf8Bytes(
            new Dictionary<string, Dictionary<string, Dictionary<string, string?>>> { ["metadata"] = new() { ["annotations"] = new() { [LoadBalancing.IngressPortsAnnotation] = ports } } });
        await client.PatchAsync<V1Node>(new ObjectKey(null, options.NodeName), new Patch(PatchKind.Merge, body), null, cancellationToken);
        announced = ports;
    }

    private void WakeForRoutes()
    {
        routesChanged = true;
        Wake();
    }

    private void Wake() => changed.Poke();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "Ingress routes could not be applied; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, Exception? error, string reason);
    }
}
