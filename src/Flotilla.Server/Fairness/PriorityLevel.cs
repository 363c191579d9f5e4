namespace Flotilla.Server.Fairness;

/// <summary>Why a request may not run.</summary>
internal enum Rejection
{
    None,
    NoSeat,
    QueueFull,
    TimedOut,
}

/// <summary>
/// One priority level at work: its seats, and the queues of those who wait for one. Queues take turns by virtual time,
/// so a flow that asks for much does not keep others waiting. Everything is guarded by the pool's lock.
/// </summary>
internal sealed class PriorityLevel(SeatPool pool, LevelModel model)
{
    // Validation allows none larger.
    private const int MaxHand = 60;

    private readonly List<WaitingQueue> queues = [];
    private int waiting;
    private double virtualTime;

    public LevelModel Model { get; set; } = model;

    public int Nominal { get; set; }

    public int Guaranteed { get; set; }

    public int Limit { get; set; }

    public int InUse { get; set; }

    public int Waiting => waiting;

    /// <summary>Waits for seats, at most so long. Not None: nothing was taken, and nothing is to be returned.</summary>
    public async ValueTask<Rejection> EnterAsync(ulong flow, int seats, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Model.IsExempt)
        {
            return Rejection.None;
        }

        Waiter waiter;
        lock (pool.Gate)
        {
            seats = Math.Min(seats, Math.Max(1, Nominal));
            if (waiting == 0 && pool.TryTake(this, seats))
            {
                return Rejection.None;
            }

            if (Model.Queues == 0)
            {
                return Rejection.NoSeat;
            }

            if (Enqueue(flow, seats) is not { } queued)
            {
                return Rejection.QueueFull;
            }

            waiter = queued;
            DispatchUnderLock();
        }

        return await WaitAsync(waiter, limit, time, cancellationToken);
    }

    public void Leave(int seats)
    {
        if (Model.IsExempt)
        {
            return;
        }

        lock (pool.Gate)
        {
            pool.Return(this, Math.Min(seats, Math.Max(1, Nominal)));
        }
    }

    public void DispatchUnderLock()
    {
        while (waiting > 0)
        {
            WaitingQueue? next = null;
            foreach (var queue in queues)
            {
                if (queue.Waiters.Count > 0 && (next is null || queue.NextStart < next.NextStart))
                {
                    next = queue;
                }
            }

            var waiter = next!.Waiters.First!.Value;
            if (!pool.TryTake(this, waiter.Seats))
            {
                return;
            }

            virtualTime = next.NextStart;
            next.NextStart += waiter.Seats;
            next.Waiters.RemoveFirst();
            waiting--;
            waiter.Signal.TrySetResult();
        }
    }

    private Waiter? Enqueue(ulong flow, int seats)
    {
        while (queues.Count < Model.Queues)
        {
            queues.Add(new WaitingQueue());
        }

        Span<int> hand = stackalloc int[Math.Clamp(Model.HandSize, 1, Math.Min(Model.Queues, MaxHand))];
        ShuffleSharding.Deal(flow, Model.Queues, hand);
        var queue = queues[hand[0]];
        foreach (var card in hand)
        {
            queue = queues[card].Waiters.Count < queue.Waiters.Count ? queues[card] : queue;
        }

        if (queue.Waiters.Count >= Model.QueueLength)
        {
            return null;
        }

        if (queue.Waiters.Count == 0)
        {
            queue.NextStart = Math.Max(queue.NextStart, virtualTime);
        }

        var waiter = new Waiter(queue, seats);
        queue.Waiters.AddLast(waiter);
        waiting++;
        return waiter;
    }

    private async ValueTask<Rejection> WaitAsync(Waiter waiter, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        try
        {
            await waiter.Signal.Task.WaitAsync(limit, time, cancellationToken);
            return Rejection.None;
        }
        catch (Exception ended) when (ended is TimeoutException or OperationCanceledException)
        {
            lock (pool.Gate)
            {
                if (!waiter.Signal.Task.IsCompleted)
                {
                    waiter.Queue.Waiters.Remove(waiter);
                    waiting--;
                }
                else if (ended is OperationCanceledException)
                {
                    // The seat came just as the client left.
                    pool.Return(this, waiter.Seats);
                }
                else
                {
                    return Rejection.None;
                }
            }

            cancellationToken.ThrowIfCancellationRequested();
            return Rejection.TimedOut;
        }
    }

    private sealed class WaitingQueue
    {
        public LinkedList<Waiter> Waiters { get; } = new();

        public double NextStart { get; set; }
    }

    private sealed record Waiter(WaitingQueue Queue, int Seats)
    {
        public TaskCompletionSource Signal { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
