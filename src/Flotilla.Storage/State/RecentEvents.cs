using System.Runtime.CompilerServices;

namespace Flotilla.Storage;

/// <summary>The newest events, bounded by number and bytes. One thread publishes; any number of watches read and wait.</summary>
internal sealed class RecentEvents(int capacity, long maxBytes, Revision start)
{
    private const int BatchLength = 1000;

    private readonly Lock gate = new();
    private StoreEvent?[] ring = new StoreEvent?[Math.Min(capacity, 256)];
    private TaskCompletionSource published = NewSignal();

    // Revisions follow one another without gaps, so an event's place in the ring is its revision.
    private long newest = start.Value;
    private long forgotten = start.Value;
    private long bytes;

    /// <summary>The key of an event that stands for somebody else's write in the same database: it only moves the revision.</summary>
    public const string ForeignKey = "/\0";

    /// <summary>Events at or before this are not here.</summary>
    public Revision Forgotten => new(Volatile.Read(ref forgotten));

    public void Publish(IReadOnlyList<StoreEvent> events)
    {
        TaskCompletionSource waiting;
        lock (gate)
        {
            foreach (var change in events)
            {
                Add(change);
            }

            while (bytes > maxBytes && forgotten < newest - 1)
            {
                Drop();
            }

            waiting = published;
            published = NewSignal();
        }

        waiting.SetResult();
    }

    /// <summary>Nothing up to this revision is here any more; what follows is published next.</summary>
    public void Restart(Revision at)
    {
        lock (gate)
        {
            Array.Clear(ring);
            (newest, bytes) = (at.Value, 0);
            Volatile.Write(ref forgotten, at.Value);
        }
    }

    /// <summary>Batches of events after a revision, of keys with the prefix, as long as somebody asks for more.</summary>
    /// <param name="older">Reads what is no longer here, a bounded number of events.</param>
    public async IAsyncEnumerable<IReadOnlyList<StoreEvent>> FollowAsync(
        string prefix,
        Revision after,
        Func<Revision> compacted,
        Func<Revision, CancellationToken, Task<List<StoreEvent>>> older,
        [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (after < compacted())
            {
                throw new CompactedException(after, compacted());
            }

            var events = Read(after, BatchLength, out var more) ?? await older(after, cancellationToken);
            if (events.Count == 0)
            {
                await more.WaitAsync(cancellationToken);
                continue;
            }

            after = events[^1].Revision;
            events.RemoveAll(change => !change.Key.StartsWith(prefix, StringComparison.Ordinal));
            if (events.Count > 0)
            {
                yield return events;
            }
        }
    }

    public void Forget(Revision through)
    {
        lock (gate)
        {
            while (forgotten < Math.Min(through.Value, newest))
            {
                Drop();
            }
        }
    }

    /// <summary>At most <paramref name="limit"/> events after <paramref name="after"/>; null: they are no longer here.</summary>
    /// <param name="more">Completes with the next publication.</param>
    public List<StoreEvent>? Read(Revision after, int limit, out Task more)
    {
        lock (gate)
        {
            more = published.Task;
            if (after.Value < forgotten)
            {
                return null;
            }

            var count = (int)Math.Clamp(newest - after.Value, 0, limit);
            var events = new List<StoreEvent>(count);
            for (var revision = after.Value + 1; revision <= after.Value + count; revision++)
            {
                events.Add(ring[revision % ring.Length]!);
            }

            return events;
        }
    }

    private void Add(StoreEvent change)
    {
        if (newest - forgotten == ring.Length)
        {
            if (ring.Length < capacity)
            {
                Grow();
            }
            else
            {
                Drop();
            }
        }

        newest = change.Revision.Value;
        ring[newest % ring.Length] = change;
        bytes += SizeOf(change);
    }

    private void Grow()
    {
        var larger = new StoreEvent?[Math.Min(capacity, ring.Length * 2)];
        for (var revision = forgotten + 1; revision <= newest; revision++)
        {
            larger[revision % larger.Length] = ring[revision % ring.Length];
        }

        ring = larger;
    }

    private void Drop()
    {
        ref var slot = ref ring[(forgotten + 1) % ring.Length];
        bytes -= SizeOf(slot!);
        slot = null;
        Volatile.Write(ref forgotten, forgotten + 1);
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static long SizeOf(StoreEvent change) => (change.Value?.Length ?? 0) + (change.Previous?.Length ?? 0) + 128;
}
