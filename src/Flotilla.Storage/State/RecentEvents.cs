namespace Flotilla.Storage;

/// <summary>The newest events, bounded by number and bytes. One thread publishes; any number of watches read and wait.</summary>
internal sealed class RecentEvents(int capacity, long maxBytes, Revision start)
{
    private readonly Lock gate = new();
    private StoreEvent?[] ring = new StoreEvent?[Math.Min(capacity, 256)];
    private TaskCompletionSource published = NewSignal();

    // Revisions follow one another without gaps, so an event's place in the ring is its revision.
    private long newest = start.Value;
    private long forgotten = start.Value;
    private long bytes;

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
