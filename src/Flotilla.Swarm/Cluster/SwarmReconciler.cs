using Flotilla.Api;
using Flotilla.Client;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Cluster;

/// <summary>One control loop over Swarm's objects: subscriptions put keys into the queue, workers converge them once everything is known.</summary>
internal abstract class SwarmReconciler : BackgroundService
{
    private readonly ReconcileLoop loop;

    /// <param name="name">As it shows in events.</param>
    protected SwarmReconciler(SwarmContext context, SwarmInformers known, string name, int workers, ILogger logger)
    {
        Context = context;
        Known = known;
        Events = new EventRecorder(context.Client, name, context.Time, logger);
        Queue = new WorkQueue<ObjectKey>(context.Time);
        loop = new ReconcileLoop(name, Queue, workers, ReconcileAsync, logger, known.WaitForSyncAsync);
    }

    protected SwarmContext Context { get; }

    protected SwarmInformers Known { get; }

    protected EventRecorder Events { get; }

    protected WorkQueue<ObjectKey> Queue { get; }

    public override void Dispose()
    {
        loop.Dispose();
        Events.Dispose();
        Queue.Dispose();
        base.Dispose();
    }

    /// <summary>Never twice at once for one key.</summary>
    protected abstract Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        await Events.StartAsync(stoppingToken);
        await loop.StartAsync(stoppingToken);
        await (loop.ExecuteTask ?? Task.CompletedTask);
        await (Events.ExecuteTask ?? Task.CompletedTask);
    }
}
