using System.Collections.Concurrent;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Watching;

/// <summary>Hands every committed change to the hub of its resource. One reader of the store, one hub per storage prefix.</summary>
public sealed partial class WatchHubs(IStore store, ILogger<WatchHubs> logger) : BackgroundService
{
    private const int RingCapacity = 4096;

    /// <summary>
    /// When so many watchers wake at once, what happens meanwhile is better told to each in one piece: a pause that
    /// nobody notices saves most of the encryption and system calls.
    /// </summary>
    private const int Crowd = 64;
    private static readonly TimeSpan CrowdPause = TimeSpan.FromMilliseconds(3);

    private readonly ConcurrentDictionary<string, WatchHub> hubs = new(StringComparer.Ordinal);
    private Revision applied;
    private Revision origin;
    private volatile TaskCompletionSource progress = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Everything up to here has reached the hubs.</summary>
    public Revision Applied => applied;

    public WatchHub For(string storagePrefix) => hubs.GetOrAdd(storagePrefix, _ =>
    {
        var hub = new WatchHub(RingCapacity);
        hub.Begin(origin);
        return hub;
    });

    /// <summary>The next moment at which <see cref="Applied"/> moves.</summary>
    public Task NextProgress => progress.Task;

    /// <summary>For each resource what nothing changed after, as of now: whatever any server acknowledged counts.</summary>
    public async Task<IReadOnlyList<Revision>> NewestAsync(IEnumerable<string> storagePrefixes, CancellationToken cancellationToken)
    {
        await store.CatchUpAsync(cancellationToken);
        var now = store.Current;
        for (var next = NextProgress; applied < now; next = NextProgress)
        {
            await next.WaitAsync(cancellationToken);
        }

        return [.. storagePrefixes.Select(prefix => For(prefix).Newest)];
    }

    public override Task StartAsync(CancellationToken cancellationToken)
    {
        applied = origin = store.Current;
        return base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await foreach (var batch in store.WatchAsync("/", applied, stoppingToken))
                {
                    if (Distribute(batch) >= Crowd)
                    {
                        await Task.Delay(CrowdPause, stoppingToken);
                    }
                }
            }
            catch (StorageException error)
            {
                // Nothing can be resumed: watchers find their revision gone and list again.
                Log.Lost(logger, error);
                applied = origin = store.Current;
                foreach (var hub in hubs.Values)
                {
                    hub.Begin(origin);
                }
            }
        }
    }

    private int Distribute(IReadOnlyList<StoreEvent> batch)
    {
        var woken = 0;
        foreach (var group in batch.GroupBy(change => PrefixOf(change.Key), StringComparer.Ordinal))
        {
            woken += For(group.Key).Append(group);
        }

        applied = batch[^1].Revision;
        var waiting = progress;
        progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
        return woken;
    }

    private static string PrefixOf(string key) => key[..(key.IndexOf('/', key.IndexOf('/', 1) + 1) + 1)];

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Watching the store broke off; all watchers start over")]
        public static partial void Lost(ILogger logger, Exception error);
    }
}
