namespace Flotilla.Storage.Etcd;

/// <summary>Who waits until a revision has been reached. Safe from any thread.</summary>
internal sealed class RevisionWaits(Revision start)
{
    private readonly Lock gate = new();
    private readonly PriorityQueue<TaskCompletionSource, long> waiting = new();
    private long reached = start.Value;

    public Task WaitAsync(Revision revision)
    {
        lock (gate)
        {
            if (revision.Value <= reached)
            {
                return Task.CompletedTask;
            }

            var arrival = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            waiting.Enqueue(arrival, revision.Value);
            return arrival.Task;
        }
    }

    public void Reach(Revision revision)
    {
        lock (gate)
        {
            reached = revision.Value;
            while (waiting.TryPeek(out var arrival, out var wanted) && wanted <= reached)
            {
                waiting.Dequeue();
                arrival.SetResult();
            }
        }
    }

    public void Fail(Exception error)
    {
        lock (gate)
        {
            while (waiting.TryDequeue(out var arrival, out _))
            {
                arrival.SetException(error);
            }
        }
    }
}
