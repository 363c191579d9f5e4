namespace Flotilla.Storage;

/// <summary>Forgets history in small steps between commits. Used by the writer thread, except <see cref="Request"/>.</summary>
internal sealed class Compaction(StorageOptions options, Revision compacted)
{
    private const int ShrinkPages = 256;

    private readonly Lock gate = new();
    private readonly List<(Revision Through, TaskCompletionSource Done)> requests = [];
    private long compacted = compacted.Value;

    // Both are to be found out at the start and after a failure: a process may have been killed amid its work.
    private bool forgetting = true;
    private bool shrinking = true;

    public Revision Compacted => new(Volatile.Read(ref compacted));

    /// <summary>Whether <see cref="Step"/> has something to do.</summary>
    public bool IsPending
    {
        get
        {
            lock (gate)
            {
                return forgetting || shrinking || requests.Count > 0;
            }
        }
    }

    public Task Request(Revision through)
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        lock (gate)
        {
            requests.Add((through, done));
        }

        return done.Task;
    }

    public void Step(SqliteLog log)
    {
        if (forgetting)
        {
            // The row where it stopped once more: a deletion stays for as long as it is the newest row.
            var from = log.Done;
            var last = Math.Min(compacted, from + options.CompactionStep);
            log.Forget(from, last);
            forgetting = last < compacted;
            shrinking = true;
        }
        else if (Wanted() is { } through)
        {
            // Said before it is done: nobody may read from what is about to go.
            log.SetCompacted(new Revision(through));
            Volatile.Write(ref compacted, through);
            forgetting = true;
        }
        else
        {
            shrinking = shrinking && log.Shrink(ShrinkPages);
        }

        Complete(null);
    }

    /// <summary>Completes what has been done; with an error, everything.</summary>
    public void Complete(Exception? error)
    {
        lock (gate)
        {
            foreach (var request in requests.Where(request => error is not null || IsDone(request.Through)).ToArray())
            {
                requests.Remove(request);
                if (error is null)
                {
                    request.Done.SetResult();
                }
                else
                {
                    request.Done.SetException(error);
                }
            }

            if (error is not null)
            {
                // The next request goes on where this one stopped.
                (forgetting, shrinking) = (false, false);
            }
        }
    }

    private bool IsDone(Revision through) => !forgetting && !shrinking && through.Value <= compacted;

    private long? Wanted()
    {
        lock (gate)
        {
            return requests.Count > 0 && requests.Max(request => request.Through.Value) is var through && through > compacted
                ? through
                : null;
        }
    }
}
