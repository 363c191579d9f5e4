using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers;

/// <summary>
/// One control loop: subscriptions put keys into a queue, workers converge them. The constructor only declares
/// what is watched; nothing runs before the start, and nothing is reconciled before the caches are filled.
/// </summary>
public abstract partial class Controller : Reconciler
{
    private readonly List<Func<CancellationToken, Task>> synced = [];
    private readonly ControllerContext context;

    /// <param name="name">As it shows in events, e.g. <c>replicaset-controller</c>.</param>
    protected Controller(ControllerContext context, string name, int workers)
        : this(context, name, workers, context.Loggers.CreateLogger($"Flotilla.Controllers.{name}"))
    {
    }

    private Controller(ControllerContext context, string name, int workers, ILogger logger)
        : base(context.Client, name, workers, context.Time, logger)
    {
        this.context = context;
        Name = name;
        Logger = logger;
    }

    public string Name { get; }

    protected IObjectClient Client => context.Client;

    protected TimeProvider Time => context.Time;

    protected ControllerOptions Options => context.Options;

    /// <summary>In whole seconds, as the API keeps times.</summary>
    protected DateTime Now
    {
        get
        {
            var now = context.Time.GetUtcNow().UtcDateTime;
            return now.AddTicks(-(now.Ticks % TimeSpan.TicksPerSecond));
        }
    }

    protected ILogger Logger { get; }

    /// <summary>The shared informer, which will have listed before the first reconcile.</summary>
    protected Informer<T> Watch<T>(ListScope? scope = null)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var informer = context.Informers.Of<T>(scope);
        synced.Add(informer.WaitForSyncAsync);
        return informer;
    }

    /// <summary>As <see cref="Watch{T}"/>, and every object that changes is reconciled.</summary>
    protected Informer<T> WatchAndEnqueue<T>()
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var informer = Watch<T>();
        informer.Subscribe(change => Queue.Add(change.Latest.Key()));
        return informer;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var reconciling = base.ExecuteAsync(stoppingToken);
        await RunAsync(stoppingToken);
        await reconciling;
    }

    /// <summary>What the controller does besides reconciling, until it is stopped.</summary>
    protected virtual Task RunAsync(CancellationToken stoppingToken) => Task.CompletedTask;

    /// <summary>Does something now and then; a failure is logged and the next time is another chance.</summary>
    protected async Task RepeatAsync(TimeSpan period, Func<CancellationToken, Task> action, CancellationToken stoppingToken)
    {
        try
        {
            await WaitForSyncAsync(stoppingToken);
            using var timer = new PeriodicTimer(period, Time);
            do
            {
                try
                {
                    await action(stoppingToken);
                }
                catch (Exception failure) when (!stoppingToken.IsCancellationRequested)
                {
                    Log.RoundFailed(Logger, failure, Name);
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    protected override Task WaitForSyncAsync(CancellationToken cancellationToken) =>
        Task.WhenAll(synced.Select(wait => wait(cancellationToken)));

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Controller}: a round failed; the next one follows")]
        public static partial void RoundFailed(ILogger logger, Exception error, string controller);
    }
}
