namespace Flotilla.Client;

/// <summary>
/// Keys that need work. A key is in it once however often it is added, and never in two hands: added again
/// while someone works on it, it comes back after <see cref="Done"/>. Every method may be called from any thread.
/// </summary>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private static readonly TimeSpan FirstDelay = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan LastDelay = TimeSpan.FromSeconds(1000);

    // Timers end at 49 days; a yearly job waits longer. Looking once more costs nothing.
    private static readonly TimeSpan LongestWait = TimeSpan.FromDays(1);

    private readonly TimeProvider time;
    private readonly Lock gate = new();
    private readonly Queue<TKey> ready = new();
    private readonly HashSet<TKey> dirty;
    private readonly HashSet<TKey> processing;
    private readonly Dictionary<TKey, int> failures;
    private readonly Dictionary<TKey, DateTimeOffset> due;
    private readonly PriorityQueue<TKey, DateTimeOffset> delayed = new();
    private readonly SemaphoreSlim available = new(0);
    private readonly ITimer timer;

    public WorkQueue(TimeProvider time, IEqualityComparer<TKey>? comparer = null)
    {
        this.time = time;
        dirty = new(comparer);
        processing = new(comparer);
        failures = new(comparer);
        due = new(comparer);
        timer = time.CreateTimer(_ => AddDue(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Keys waiting for a worker; those not yet due are not counted.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return ready.Count;
            }
        }
    }

    public void Add(TKey key)
    {
        lock (gate)
        {
            if (dirty.Add(key) && !processing.Contains(key))
            {
                Enqueue(key);
            }
        }
    }

    /// <summary>Of several delays asked for one key the shortest holds.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        lock (gate)
        {
            var at = time.GetUtcNow() + delay;
            if (due.TryGetValue(key, out var known) && known <= at)
            {
                return;
            }

            due[key] = at;
            delayed.Enqueue(key, at);
            SetTimer();
        }
    }

    /// <summary>After 5 ms, doubled with every call up to 1000 s, until <see cref="Forget"/>.</summary>
    public void AddRateLimited(TKey key)
    {
        TimeSpan delay;
        lock (gate)
        {
            var count = failures.GetValueOrDefault(key);
            failures[key] = count + 1;
            delay = count >= 18 ? LastDelay : TimeSpan.FromTicks(Math.Min(FirstDelay.Ticks << count, LastDelay.Ticks));
        }

        AddAfter(key, delay);
    }

    public int Failures(TKey key)
    {
        lock (gate)
        {
            return failures.GetValueOrDefault(key);
        }
    }

    public void Forget(TKey key)
    {
        lock (gate)
        {
            failures.Remove(key);
        }
    }

    /// <summary>The caller owns the key until it calls <see cref="Done"/>.</summary>
    public async ValueTask<TKey> GetAsync(CancellationToken cancellationToken)
    {
        await available.WaitAsync(cancellationToken);
        lock (gate)
        {
            var key = ready.Dequeue();
            processing.Add(key);
            dirty.Remove(key);
            return key;
        }
    }

    public void Done(TKey key)
    {
        lock (gate)
        {
            if (processing.Remove(key) && dirty.Contains(key))
            {
                Enqueue(key);
            }
        }
    }

    public void Dispose()
    {
        timer.Dispose();
        available.Dispose();
    }

    private void Enqueue(TKey key)
    {
        ready.Enqueue(key);
        available.Release();
    }

    private void AddDue()
    {
        lock (gate)
        {
            var now = time.GetUtcNow();
            while (delayed.TryPeek(out var key, out var at) && at <= now)
            {
                delayed.Dequeue();

                // An entry that an earlier one overtook is stale.
                if (due.TryGetValue(key, out var wanted) && wanted == at)
                {
                    due.Remove(key);
                    Add(key);
                }
            }

            SetTimer();
        }
    }

    private void SetTimer()
    {
        if (delayed.TryPeek(out _, out var next))
        {
            var wait = next - time.GetUtcNow();
            timer.Change(wait < TimeSpan.Zero ? TimeSpan.Zero : wait < LongestWait ? wait : LongestWait, Timeout.InfiniteTimeSpan);
        }
    }
}
