namespace Flotilla.Storage;

/// <summary>
/// What waits for the writer thread. Writers wait asynchronously for room; the thread waits for work
/// and takes all there is at once, which is what lets many writes share one commit.
/// </summary>
internal sealed class WriterInbox(int length)
{
    private readonly object gate = new();
    private readonly Queue<PendingWrite> writes = new();
    private readonly SemaphoreSlim room = new(length);
    private bool closed;
    private bool poked;

    public async Task<WriteResult> AddAsync(PendingWrite write, CancellationToken cancellationToken)
    {
        await room.WaitAsync(cancellationToken);
        lock (gate)
        {
            if (closed)
            {
                // The next one who waits for room shall learn it too.
                room.Release();
                throw new StorageException("The store is closed.");
            }

            writes.Enqueue(write);
            Monitor.Pulse(gate);
        }

        // Cancelled from here on, the caller stops waiting but the write may happen.
        return await write.Completion.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Wakes the thread though there may be no write.</summary>
    public void Poke()
    {
        lock (gate)
        {
            poked = true;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>What was added before is still written.</summary>
    public void Close()
    {
        lock (gate)
        {
            closed = true;
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Moves waiting writes to <paramref name="batch"/>; false: closed and empty.</summary>
    public bool Take(List<PendingWrite> batch, int max, bool wait)
    {
        lock (gate)
        {
            while (wait && writes.Count == 0 && !closed && !poked)
            {
                Monitor.Wait(gate);
            }

            poked = false;
            while (batch.Count < max && writes.TryDequeue(out var write))
            {
                batch.Add(write);
            }

            if (batch.Count > 0)
            {
                room.Release(batch.Count);
            }

            return batch.Count > 0 || !closed;
        }
    }
}
