using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Server.Authorization;

/// <summary>
/// Keeps in memory what follows from some of the stored objects. Filled when <see cref="StartAsync"/> returns; one loop
/// applies every later change, so subclasses write from one thread and only guard their readers.
/// </summary>
public abstract partial class StoreFollower(IStore store, IReadOnlyList<string> prefixes, ILogger logger) : BackgroundService
{
    private static readonly TimeSpan CatchUpLimit = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private Task? starting;
    private long applied;
    private volatile TaskCompletionSource progress = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        await FillAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    /// <summary>Starts when it is first asked: what nobody wants to know costs nothing.</summary>
    public Task EnsureStartedAsync(CancellationToken cancellationToken)
    {
        lock (gate)
        {
            if (starting is null or { IsFaulted: true })
            {
                starting = StartAsync(CancellationToken.None);
            }

            return starting.IsCompletedSuccessfully ? Task.CompletedTask : starting.WaitAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Waits, a moment at most, until everything committed by now is applied. True: something new has been.
    /// </summary>
    public async ValueTask<bool> CatchUpAsync(CancellationToken cancellationToken)
    {
        var target = store.Current;
        if (Seen >= target)
        {
            return false;
        }

        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CatchUpLimit);
        while (true)
        {
            var next = progress.Task;
            if (Seen >= target)
            {
                return true;
            }

            await next.WaitAsync(limit.Token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            if (limit.IsCancellationRequested)
            {
                cancellationToken.ThrowIfCancellationRequested();
                return true;
            }
        }
    }

    /// <summary>Waits until everything is applied that reads show by now.</summary>
    public async ValueTask ReachAsync(CancellationToken cancellationToken)
    {
        var target = store.Current;
        while (Seen < target)
        {
            var next = progress.Task;
            if (Seen < target)
            {
                await next.WaitAsync(cancellationToken);
            }
        }
    }

    /// <summary>Forgets everything and begins with these.</summary>
    protected abstract void Reset(IReadOnlyList<StoredEntry> entries);

    /// <param name="value">null: the key was deleted.</param>
    protected abstract void Apply(string key, ReadOnlyMemory<byte>? value);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            while (!stoppingToken.IsCancellationRequested)
            {
                try
                {
                    await FollowAsync(stoppingToken);
                }
                catch (StorageException error)
                {
                    Log.StartsOver(logger, error, GetType().Name);
                    await FillAsync(stoppingToken);
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Stopping.
        }
    }

    private Revision Seen => new(Volatile.Read(ref applied));

    private async Task FillAsync(CancellationToken cancellationToken)
    {
        var entries = new List<StoredEntry>();
        Revision? at = null;
        foreach (var prefix in prefixes)
        {
            var list = await store.ListAsync(prefix, null, 0, at, cancellationToken);
            at ??= list.Revision;
            entries.AddRange(list.Entries);
        }

        Reset(entries);
        Advance(at ?? store.Current);
    }

    private async Task FollowAsync(CancellationToken cancellationToken)
    {
        await foreach (var batch in store.WatchAsync("/", Seen, cancellationToken))
        {
            foreach (var change in batch)
            {
                if (IsFollowed(change.Key))
                {
                    Apply(change.Key, change.Value);
                }
            }

            Advance(batch[^1].Revision);
        }
    }

    private bool IsFollowed(string key)
    {
        foreach (var prefix in prefixes)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private void Advance(Revision revision)
    {
        Volatile.Write(ref applied, revision.Value);
        var waiting = progress;
        progress = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.SetResult();
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "{Follower}: watching the store broke off; it reads everything again")]
        public static partial void StartsOver(ILogger logger, Exception error, string follower);
    }
}
