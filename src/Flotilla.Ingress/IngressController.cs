using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Ingress.Backends;
using Flotilla.Ingress.Gateways;
using Flotilla.Ingress.Ingresses;
using Flotilla.Ingress.Secrets;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Ingress;

/// <summary>
/// Tells users what became of their Ingresses: addresses in the status, events for what could not be understood. It runs
/// once in a cluster; the nodes themselves only serve.
/// </summary>
public sealed partial class IngressController : BackgroundService
{
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    private readonly IObjectClient client;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Informer<V1Ingress> ingresses;
    private readonly Informer<V1IngressClass> classes;
    private readonly Informer<V1Service> services;
    private readonly Informer<V1Secret> secrets;
    private readonly Informer<V1Node> nodes;
    private readonly BackendSet backends = new();
    private readonly IngressCompiler compiler;
    private readonly GatewayObjects gateways;
    private readonly GatewayController gatewayController;
    private readonly IngressEvents events;
    private readonly EventRecorder recorder;
    private readonly DirtyKeys changed;

    public IngressController(IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers)
    {
        this.client = client;
        this.time = time;
        logger = loggers.CreateLogger<IngressController>();
        ingresses = informers.Of<V1Ingress>();
        classes = informers.Of<V1IngressClass>();
        services = informers.Of<V1Service>();
        secrets = informers.Of<V1Secret>();
        nodes = informers.Of<V1Node>();
        recorder = new EventRecorder(client, "flotilla-ingress", time, logger);
        events = new IngressEvents(recorder);
        gateways = new GatewayObjects(client, informers, time, logger);
        gatewayController = new GatewayController(client, time);
        compiler = new IngressCompiler(backends, httpsPort: 443);
        changed = new DirtyKeys(time, Gather);
        ingresses.Subscribe(_ => Wake());
        classes.Subscribe(_ => Wake());
        services.Subscribe(_ => WakeIfBusy());
        secrets.Subscribe(_ => WakeIfBusy());
        nodes.Subscribe(OnNode);
    }

    public override void Dispose()
    {
        recorder.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await recorder.StartAsync(stoppingToken);
            await Task.WhenAll(
                ingresses.WaitForSyncAsync(stoppingToken), classes.WaitForSyncAsync(stoppingToken), services.WaitForSyncAsync(stoppingToken),
                secrets.WaitForSyncAsync(stoppingToken), nodes.WaitForSyncAsync(stoppingToken));
            Wake();
            await Task.WhenAll(gateways.FollowAsync(Wake, stoppingToken), ReconcileChangesAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            await recorder.StopAsync(CancellationToken.None);
        }
    }

    private async Task ReconcileChangesAsync(CancellationToken stoppingToken)
    {
        while (true)
        {
            await changed.TakeAsync(Timeout.InfiniteTimeSpan, stoppingToken);
            await ReconcileAsync(stoppingToken);
        }
    }

    private async Task ReconcileAsync(CancellationToken cancellationToken)
    {
        try
        {
            var model = compiler.Compile(ingresses.List(), classes.List(), services.Get);
            backends.Sweep();
            var store = new ClusterSecrets(secrets);
            events.Tell(model, ingress => SecretProblems.For(ingress, store));
            var addresses = IngressStatus.AddressesOf(nodes.List());
            await gatewayController.ReconcileAsync(gateways.Input(services.Get, store), nodes.List(), addresses, cancellationToken);
            foreach (var ingress in model.Ingresses.Where(ingress => !IngressStatus.IsCurrent(ingress, addresses)))
            {
                await client.PatchAsync<V1Ingress>(ingress.Key(), IngressStatus.PatchFor(addresses), "status", cancellationToken);
            }
        }
        catch (Exception error) when (error is not OperationCanceledException)
        {
            if (error is not ApiException { IsConflict: true } and not ApiException { IsNotFound: true })
            {
                Log.Failed(logger, error.Message);
            }

            await Task.Delay(RetryAfter, time, cancellationToken);
            Wake();
        }
    }

    private void OnNode(ObjectChange<V1Node> change)
    {
        // Heartbeats change nothing here.
        if (change.Old is null || change.New is null || !OpenPorts.Of([change.Old]).SetEquals(OpenPorts.Of([change.New])) || !IngressStatus.AddressesOf([change.Old]).SequenceEqual(IngressStatus.AddressesOf([change.New]), StringComparer.Ordinal))
        {
            Wake();
        }
    }

    private void WakeIfBusy()
    {
        if (ingresses.List().Count > 0 || gateways.Any)
        {
            Wake();
        }
    }

    private void Wake() => changed.Poke();

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "The status of Ingresses could not be written; trying again: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
