namespace Flotilla.Storage;

/// <summary>
/// What waits for the writer thread. Writers wait asynchronously for room; the thread waits for work and takes all there
/// is at once, which is what lets many writes share one commit. When the last commit was shared, it gives those who
/// shared it a moment to come again: one commit for all of them costs less than one for each.
/// </summary>
internal sealed class WriterInbox(int length)
{
    /// <summary>How long the thread waits for company, in milliseconds.</summary>
    private const int LongestGathering = 1;

    private readonly object gate = new();
    private readonly Queue<PendingWrite> writes = new();

    // Completes when there is room again; null: nobody waits for that.
    private TaskCompletionSource? room;
    private int wanted = 1;
    private bool isWaiting;
    private bool closed;
    private bool poked;

    public async Task<WriteResult> AddAsync(PendingWrite write, CancellationToken cancellationToken)
    {
        while (TryAdd(write) is { } full)
        {
            await full.WaitAsync(cancellationToken);
        }

        // Cancelled from here on, the caller stops waiting but the write may happen.
        return await write.Completion.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Null: it is in. Else there is no room before that task is complete.</summary>
    private Task? TryAdd(PendingWrite write)
    {
        lock (gate)
        {
            if (closed)
            {
                throw new StorageException("The store is closed.");
            }

            if (writes.Count >= length)
            {
                room ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
                return room.Task;
            }

            writes.Enqueue(write);
            if (isWaiting && writes.Count >= wanted)
            {
                Monitor.Pulse(gate);
            }

            return null;
        }
    }

    private void LetIn()
    {
        room?.SetResult();
        room = null;
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
            LetIn();
            Monitor.Pulse(gate);
        }
    }

    /// <summary>Moves waiting writes to <paramref name="batch"/>; false: closed and empty.</summary>
    /// <param name="share">How many writes the last commit stored: as many are likely to come again.</param>
    public bool Take(List<PendingWrite> batch, int max, int share, bool wait)
    {
        lock (gate)
        {
            isWaiting = true;
            for (wanted = 1; wait && writes.Count == 0 && !closed && !poked;)
            {
                Monitor.Wait(gate);
            }

            Gather(Math.Min(share, max));
            isWaiting = false;
            poked = false;
            while (batch.Count < max && writes.TryDequeue(out var write))
            {
                batch.Add(write);
            }

            if (batch.Count > 0)
            {
                LetIn();
            }

            return batch.Count > 0 || !closed;
        }
    }

    private void Gather(int share)
    {
        if (writes.Count > 0 && writes.Count < share && !closed && !poked)
        {
            wanted = share;
            Monitor.Wait(gate, LongestGathering);
        }
    }
}
