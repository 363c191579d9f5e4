using System.Globalization;
using Flotilla.Api;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Client;

/// <summary>
/// A cache of one kind, kept current by list and watch. One task applies changes and calls the subscribers,
/// in order and one at a time; reads come from any thread. Handlers only enqueue: a slow one delays everybody.
/// An <see cref="InformerSet"/> creates and runs informers, one per kind and scope.
/// </summary>
public sealed partial class Informer<T> : IInformer
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan LastBackoff = TimeSpan.FromSeconds(15);

    private readonly IObjectClient client;
    private readonly ListScope scope;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ObjectCache<T> cache = new();

    // Held while a change is applied and announced, so that a new subscriber sees everything exactly once.
    private readonly Lock announcing = new();
    private readonly List<Action<ObjectChange<T>>> handlers = [];
    private readonly TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<(long Version, TaskCompletionSource Done)> waiting = [];
    private long reached;

    internal Informer(IObjectClient client, ListScope scope, TimeProvider time, ILogger logger)
    {
        this.client = client;
        this.scope = scope;
        this.time = time;
        this.logger = logger;
    }

    public bool HasSynced => synced.Task.IsCompletedSuccessfully;

    public Task WaitForSyncAsync(CancellationToken cancellationToken) => synced.Task.WaitAsync(cancellationToken);

    /// <summary>
    /// Until the cache shows all changes up to a version, of which handlers have heard then. Not for the scope of one object or
    /// namespace, which hears nothing of the rest of its kind.
    /// </summary>
    public async Task ReachedAsync(long version, CancellationToken cancellationToken)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (waiting)
        {
            if (reached >= version)
            {
                return;
            }

            waiting.Add((version, done));
        }

        try
        {
            await done.Task.WaitAsync(cancellationToken);
        }
        finally
        {
            lock (waiting)
            {
                waiting.Remove((version, done));
            }
        }
    }

    public T? Get(ObjectKey key) => cache.Get(key);

    public IReadOnlyList<T> List() => cache.List();

    public IReadOnlyList<T> List(string ns) => cache.List(ns);

    public IReadOnlyList<T> ByIndex(string index, string value) => cache.ByIndex(index, value);

    /// <summary>Adding an index twice is fine, so that components sharing an informer need not know each other.</summary>
    public void AddIndex(string name, Func<T, IEnumerable<string>> values) => cache.AddIndex(name, values);

    /// <summary>Announces the present objects as added, then every change in order.</summary>
    public void Subscribe(Action<ObjectChange<T>> handler)
    {
        lock (announcing)
        {
            foreach (var value in cache.List())
            {
                handler(new ObjectChange<T>(null, value));
            }

            handlers.Add(handler);
        }
    }

    async Task IInformer.RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        string? version = null;
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                if (version is null)
                {
                    var list = await client.ListAsync<T>(scope, cancellationToken);
                    Replace(list.Items);
                    version = list.ResourceVersion;
                    Reach(version);
                    synced.TrySetResult();
                }

                await foreach (var change in client.WatchAsync<T>(scope, version, cancellationToken))
                {
                    failures = 0;
                    version = change.Object.Metadata.ResourceVersion ?? version;
                    Apply(change);
                    Reach(version);
                }

                // A server that ends watches at once must not be hammered.
                failures = Math.Max(failures, 1);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (ApiException expired) when (expired.IsExpired)
            {
                version = null;
                failures++;
                Log.Expired(logger, typeof(T).Name);
            }
            catch (Exception error)
            {
                // A watch that broke resumes where it was; only the server knows whether that is still possible.
                failures++;
                Log.Failed(logger, error, typeof(T).Name, failures);
            }

            await DelayAsync(failures, cancellationToken);
        }
    }

    private void Reach(string version)
    {
        lock (waiting)
        {
            reached = long.TryParse(version, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : reached;
            foreach (var (_, done) in waiting.Where(waiter => waiter.Version <= reached))
            {
                done.TrySetResult();
            }
        }
    }

    private async Task DelayAsync(int failures, CancellationToken cancellationToken)
    {
        var ticks = Math.Min(FirstBackoff.Ticks << Math.Min(Math.Max(failures - 1, 0), 20), LastBackoff.Ticks);
        await Task.Delay(TimeSpan.FromTicks(ticks), time, cancellationToken)
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>What changed unseen between two lists is announced as ordinary changes.</summary>
    private void Replace(IReadOnlyList<T> items)
    {
        lock (announcing)
        {
            var present = new HashSet<ObjectKey>(items.Count);
            foreach (var item in items)
            {
                present.Add(item.Key());
                Set(item);
            }

            foreach (var gone in cache.List().Where(value => !present.Contains(value.Key())))
            {
                cache.Set(gone.Key(), null);
                Announce(new ObjectChange<T>(gone, null));
            }
        }
    }

    private void Apply(WatchEvent<T> change)
    {
        lock (announcing)
        {
            switch (change.Type)
            {
                case WatchEventType.Added or WatchEventType.Modified:
                    Set(change.Object);
                    break;
                case WatchEventType.Deleted:
                    cache.Set(change.Object.Key(), null);
                    Announce(new ObjectChange<T>(change.Object, null));
                    break;
            }
        }
    }

    private void Set(T value)
    {
        var old = cache.Set(value.Key(), value);
        if (old is null)
        {
            Announce(new ObjectChange<T>(null, value));
        }
        else if (old.Metadata.Uid != value.Metadata.Uid)
        {
            // Deleted and created again while nobody watched: owners must not mistake one for the other.
            Announce(new ObjectChange<T>(old, null));
            Announce(new ObjectChange<T>(null, value));
        }
        else if (old.Metadata.ResourceVersion != value.Metadata.ResourceVersion)
        {
            Announce(new ObjectChange<T>(old, value));
        }
    }

    private void Announce(ObjectChange<T> change)
    {
        foreach (var handler in handlers)
        {
            try
            {
                handler(change);
            }
            catch (Exception error)
            {
                Log.HandlerFailed(logger, error, typeof(T).Name, change.Latest.Key());
            }
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "Watch of {Kind} expired; listing again")]
        public static partial void Expired(ILogger logger, string kind);

        [LoggerMessage(Level = LogLevel.Warning, Message = "List or watch of {Kind} failed ({Failures} in a row); retrying")]
        public static partial void Failed(ILogger logger, Exception error, string kind, int failures);

        [LoggerMessage(Level = LogLevel.Error, Message = "A subscriber to {Kind} failed on {Key}")]
        public static partial void HandlerFailed(ILogger logger, Exception error, string kind, ObjectKey key);
    }
}
