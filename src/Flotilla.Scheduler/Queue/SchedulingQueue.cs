using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Scheduler.Metrics;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Plugins;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Queue;

/// <summary>
/// Pods without a node: ready ones by priority, rejected ones until something changes that may help them (but not
/// before their back-off of 1 s to 10 s has passed) or five minutes are over. Any thread may call it.
/// </summary>
public sealed class SchedulingQueue(TimeProvider time, TimeSpan firstBackoff, TimeSpan lastBackoff, SchedulerMetrics? metrics = null)
{
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(5);

    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, QueuedPod> pods = [];
    private readonly SortedSet<QueuedPod> ready = new(new PrioritySort());
    private readonly SortedSet<QueuedPod> waiting = new(Comparer<QueuedPod>.Create(static (x, y) =>
        x.Due != y.Due ? x.Due.CompareTo(y.Due) : x.Sequence.CompareTo(y.Sequence)));
    private readonly Channel<bool> wake = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private long sequence;
    private int gatedCount;

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

    public QueueLengths Lengths
    {
        get
        {
            lock (gate)
            {
                var backoff = waiting.Count(queued => queued.IsInBackoff);
                return new QueueLengths(ready.Count, backoff, waiting.Count - backoff, gatedCount);
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

    /// <summary>Adds a pod, or learns a newer version of it.</summary>
    /// <param name="retry">The change may let it fit.</param>
    /// <param name="gates">Plugins that keep it out for now.</param>
    public void Set(PodInfo pod, bool retry, IReadOnlyCollection<IPlugin>? gates = null)
    {
        lock (gate)
        {
            if (!pods.TryGetValue(pod.Key, out var queued) || queued.Pod.Uid != pod.Uid)
            {
                Detach(queued);
                queued = new QueuedPod(pod, ++sequence);
                pods[pod.Key] = queued;
                Admit(queued, gates ?? [], QueueEvents.Added);
                return;
            }

            var state = queued.State;
            Detach(queued);
            queued.Pod = pod;
            if (state == QueueState.Gated)
            {
                Admit(queued, gates ?? [], QueueEvents.Updated);
                return;
            }

            Attach(queued, state);
            if (retry && state == QueueState.Waiting)
            {
                waiting.Remove(queued);
                Hasten(queued, QueueEvents.Updated);
            }
        }
    }

    /// <summary>Another look at a pod that plugins keep out: they may have changed their mind.</summary>
    public IReadOnlyList<PodInfo> Gated()
    {
        lock (gate)
        {
            return gatedCount == 0 ? [] : [.. pods.Values.Where(queued => queued.State == QueueState.Gated).Select(queued => queued.Pod)];
        }
    }

    /// <summary>Tries a waiting pod again as soon as its back-off is over.</summary>
    public void Activate(ObjectKey key)
    {
        lock (gate)
        {
            if (pods.TryGetValue(key, out var queued) && waiting.Remove(queued))
            {
                Hasten(queued, QueueEvents.Activated);
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

    /// <summary>Puts a taken pod back until something happens that one of the plugins that rejected it takes for helpful.</summary>
    /// <param name="rejectedBy">Empty when there was no node to ask about: a node is what is missing.</param>
    /// <param name="isPending">It waits for something that is under way and needs no back-off when that is done.</param>
    public void Park(QueuedPod queued, IReadOnlyCollection<IPlugin> rejectedBy, bool isPending = false)
    {
        lock (gate)
        {
            if (IsCurrent(queued))
            {
                queued.RejectedBy = rejectedBy;
                queued.IsPending = isPending;
                queued.WaitsFor = rejectedBy.Count == 0 ? ClusterChange.Node : rejectedBy.Aggregate(ClusterChange.None, (all, plugin) => all | plugin.Unblocks);
                queued.Due = time.GetUtcNow() + LongestWait;
                queued.IsInBackoff = false;
                MakeWaiting(queued, QueueEvents.Failed);
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
                queued.IsInBackoff = true;
                MakeWaiting(queued, QueueEvents.Failed);
            }
        }
    }

    public void Announce(ClusterEvent change)
    {
        lock (gate)
        {
            if (waiting.Count == 0)
            {
                return;
            }

            foreach (var queued in waiting.Where(one => MayHelp(one, change)).ToList())
            {
                waiting.Remove(queued);
                Hasten(queued, QueueEvents.Of(change.Change));
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
                    MakeReady(first, first.IsInBackoff ? QueueEvents.BackoffOver : QueueEvents.TimedOut);
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

    private TimeSpan Backoff(int attempts) =>
        TimeSpan.FromTicks(Math.Min(firstBackoff.Ticks << Math.Clamp(attempts - 1, 0, 10), lastBackoff.Ticks));

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

    private static bool MayHelp(QueuedPod queued, ClusterEvent change)
    {
        if ((queued.WaitsFor & change.Change) == 0)
        {
            return false;
        }

        foreach (var plugin in queued.RejectedBy)
        {
            if ((plugin.Unblocks & change.Change) != 0 && plugin.MayHelp(queued.Pod, change))
            {
                return true;
            }
        }

        return queued.RejectedBy.Count == 0;
    }

    private void Admit(QueuedPod queued, IReadOnlyCollection<IPlugin> gates, string why)
    {
        queued.RejectedBy = gates;
        if (gates.Count == 0)
        {
            MakeReady(queued, why);
        }
        else
        {
            queued.State = QueueState.Gated;
            gatedCount++;
            if (why == QueueEvents.Added)
            {
                metrics?.Queued("gated", why);
            }
        }
    }

    private bool IsCurrent(QueuedPod queued) => pods.TryGetValue(queued.Pod.Key, out var current) && current == queued;

    /// <summary>The pod must not be in the ordered set while its due time changes.</summary>
    private void Hasten(QueuedPod queued, string why)
    {
        queued.Due = queued.IsPending ? time.GetUtcNow() : queued.LastAttempt + Backoff(queued.Attempts);
        queued.WaitsFor = ClusterChange.None;
        if (queued.Due <= time.GetUtcNow())
        {
            MakeReady(queued, why);
        }
        else
        {
            queued.IsInBackoff = true;
            MakeWaiting(queued, why);
        }
    }

    private void MakeReady(QueuedPod queued, string why)
    {
        queued.State = QueueState.Ready;
        queued.FirstReady ??= time.GetUtcNow();
        ready.Add(queued);
        metrics?.Queued("active", why);
        wake.Writer.TryWrite(true);
    }

    private void MakeWaiting(QueuedPod queued, string why)
    {
        queued.State = QueueState.Waiting;
        waiting.Add(queued);
        metrics?.Queued(queued.IsInBackoff ? "backoff" : "unschedulable", why);
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
            gatedCount -= queued.State == QueueState.Gated ? 1 : 0;
            queued.State = QueueState.Taken;
        }
    }
}
