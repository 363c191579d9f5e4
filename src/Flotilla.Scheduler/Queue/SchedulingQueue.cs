using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Queue;

/// <summary>
/// Pods without a node: ready ones by priority, rejected ones until something changes that may help them (but not
/// before their back-off of 1 s to 10 s has passed) or five minutes are over. Any thread may call it.
/// </summary>
public sealed class SchedulingQueue(TimeProvider time)
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LastBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, QueuedPod> pods = [];
    private readonly SortedSet<QueuedPod> ready = new(new PrioritySort());
    private readonly SortedSet<QueuedPod> waiting = new(Comparer<QueuedPod>.Create(static (x, y) =>
        x.Due != y.Due ? x.Due.CompareTo(y.Due) : x.Sequence.CompareTo(y.Sequence)));
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long sequence;

    public int Count
    {
        get
        {
            lock (gate)
            {
                return pods.Count;
            }
        }
    }

    public bool Contains(QueuedPod queued)
    {
        lock (gate)
        {
            return IsCurrent(queued);
        }
    }

    /// <summary>Adds a pod, or learns a newer version of it; <paramref name="retry"/> when the change may let it fit.</summary>
    public void Set(PodInfo pod, bool retry)
    {
        lock (gate)
        {
            if (!pods.TryGetValue(pod.Key, out var queued) || queued.Pod.Uid != pod.Uid)
            {
                Detach(queued);
                queued = new QueuedPod(pod, ++sequence);
                pods[pod.Key] = queued;
                MakeReady(queued);
                return;
            }

            var state = queued.State;
            Detach(queued);
            queued.Pod = pod;
            Attach(queued, state);
            if (retry && state == QueueState.Waiting)
            {
                waiting.Remove(queued);
                Hasten(queued);
            }
        }
    }

    public void Remove(ObjectKey key)
    {
        lock (gate)
        {
            if (pods.Remove(key, out var queued))
            {
                Detach(queued);
            }
        }
    }

    /// <summary>Puts a taken pod back until one of <paramref name="waitsFor"/> happens.</summary>
    public void Park(QueuedPod queued, ClusterChange waitsFor)
    {
        lock (gate)
        {
            if (IsCurrent(queued))
            {
                queued.WaitsFor = waitsFor;
                queued.Due = time.GetUtcNow() + LongestWait;
                MakeWaiting(queued);
            }
        }
    }

    /// <summary>Puts a taken pod back to be tried again after its back-off, whatever happens.</summary>
    public void Retry(QueuedPod queued)
    {
        lock (gate)
        {
            if (IsCurrent(queued))
            {
                queued.WaitsFor = ClusterChange.None;
                queued.Due = queued.LastAttempt + Backoff(queued.Attempts);
                MakeWaiting(queued);
            }
        }
    }

    public void Announce(ClusterChange change)
    {
        lock (gate)
        {
            if (waiting.Count == 0)
            {
                return;
            }

            foreach (var queued in waiting.Where(one => (one.WaitsFor & change) != 0).ToList())
            {
                waiting.Remove(queued);
                Hasten(queued);
            }
        }
    }

    /// <summary>The next pod to decide, as soon as there is one.</summary>
    public async ValueTask<QueuedPod> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            TimeSpan wait;
            lock (gate)
            {
                var now = time.GetUtcNow();
                while (waiting.Min is { } first && first.Due <= now)
                {
                    waiting.Remove(first);
                    MakeReady(first);
                }

                if (ready.Min is { } next)
                {
                    ready.Remove(next);
                    next.State = QueueState.Taken;
                    next.Attempts++;
                    next.LastAttempt = now;
                    return next;
                }

                wait = waiting.Min is { } later ? later.Due - now : Timeout.InfiniteTimeSpan;
            }

            await WaitAsync(wait, cancellationToken);
        }
    }

    private static TimeSpan Backoff(int attempts) =>
        TimeSpan.FromTicks(Math.Min(FirstBackoff.Ticks << Math.Clamp(attempts - 1, 0, 10), LastBackoff.Ticks));

    private async Task WaitAsync(TimeSpan wait, CancellationToken cancellationToken)
    {
        using var due = new CancellationTokenSource(wait, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(due.Token, cancellationToken);
        try
        {
            await wake.Reader.ReadAsync(either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // The first waiting pod is due.
        }
    }

    private bool IsCurrent(QueuedPod queued) => pods.TryGetValue(queued.Pod.Key, out var current) && current == queued;

    /// <summary>The pod must not be in the ordered set while its due time changes.</summary>
    private void Hasten(QueuedPod queued)
    {
        queued.Due = queued.LastAttempt + Backoff(queued.Attempts);
        queued.WaitsFor = ClusterChange.None;
        if (queued.Due <= time.GetUtcNow())
        {
            MakeReady(queued);
        }
        else
        {
            MakeWaiting(queued);
        }
    }

    private void MakeReady(QueuedPod queued)
    {
        queued.State = QueueState.Ready;
        ready.Add(queued);
        wake.Writer.TryWrite(true);
    }

    private void MakeWaiting(QueuedPod queued)
    {
        queued.State = QueueState.Waiting;
        waiting.Add(queued);
        wake.Writer.TryWrite(true);
    }

    private void Attach(QueuedPod queued, QueueState state)
    {
        queued.State = state;
        if (state == QueueState.Ready)
        {
            ready.Add(queued);
        }
        else if (state == QueueState.Waiting)
        {
            waiting.Add(queued);
        }
    }

    private void Detach(QueuedPod? queued)
    {
        if (queued is not null)
        {
            ready.Remove(queued);
            waiting.Remove(queued);
        }
    }
}
