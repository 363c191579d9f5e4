using Flotilla.Api;
using Flotilla.Client.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client;

/// <summary>One control loop: subscriptions put keys into the queue, workers converge them once the caches are filled.</summary>
public abstract class Reconciler : BackgroundService
{
    private readonly ReconcileLoop loop;

    /// <param name="name">As it shows in events, e.g. <c>replicaset-controller</c>.</param>
    protected Reconciler(IObjectClient client, string name, int workers, TimeProvider time, ILogger logger)
    {
        Events = new EventRecorder(client, name, time, logger);
        Queue = new WorkQueue<ObjectKey>(time);
        loop = new ReconcileLoop(name, Queue, workers, ReconcileAsync, logger, WaitForSyncAsync);
    }

    protected EventRecorder Events { get; }

    protected WorkQueue<ObjectKey> Queue { get; }

    public override void Dispose()
    {
        loop.Dispose();
        Events.Dispose();
        Queue.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Converges one key; called by several workers, but never twice at once for one key.</summary>
    protected abstract Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);

    protected abstract Task WaitForSyncAsync(CancellationToken cancellationToken);

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => new BackgroundService[] { Events, loop }.RunTogetherAsync(stoppingToken);
}
