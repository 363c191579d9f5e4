using Flotilla.Storage;

namespace Flotilla.Server.Watching;

/// <summary>
/// The recent changes of one resource, in a ring that all its watchers read at their own pace: no queue per watcher.
/// One thread appends and wakes those whom a change concerns; whoever falls behind the ring's tail has to start over.
/// </summary>
public sealed class WatchHub(int capacity)
{
    private readonly Lock gate = new();
    private readonly List<Member> members = [];
    private readonly WatchFrame[] ring = new WatchFrame[capacity];
    private long next;
    private Revision start = Revision.First;
    private Revision newest = Revision.First;

    /// <summary>Changes after this revision are in the ring.</summary>
    public Revision Start
    {
        get
        {
            lock (gate)
            {
                return start;
            }
        }
    }

    /// <summary>Nothing of the resource changed after this.</summary>
    public Revision Newest
    {
        get
        {
            lock (gate)
            {
                return newest;
            }
        }
    }

    /// <summary>From now on there are only changes after <paramref name="revision"/>; watchers that were before it start over.</summary>
    public void Begin(Revision revision)
    {
        lock (gate)
        {
            start = newest = revision;
            Array.Clear(ring);
            next = 0;
            members.ForEach(member => member.Interrupt());
        }
    }

    /// <summary>Adds changes and wakes whom they concern. Returns how many that were.</summary>
    public int Append(IEnumerable<StoreEvent> changes)
    {
        lock (gate)
        {
            var last = start;
            foreach (var change in changes)
            {
                last = newest = change.Revision;
                var slot = next++ % capacity;
                if (ring[slot] is { } overwritten)
                {
                    start = overwritten.Revision;
                }

                ring[slot] = new WatchFrame(change);
                foreach (var member in members)
                {
                    member.Look(change.Key);
                }
            }

            var woken = 0;
            foreach (var member in members)
            {
                woken += member.Wake(last) ? 1 : 0;
            }

            return woken;
        }
    }

    /// <summary>Registers somebody to be woken by changes below a prefix, or of one key.</summary>
    internal Member Join(WakeSignal signal, string prefix, string? key)
    {
        var member = new Member(this, signal, prefix, key);
        lock (gate)
        {
            members.Add(member);
        }

        return member;
    }

    // Under the lock.
    private WatchFrame[]? ReadAfter(Revision after)
    {
        if (after < start)
        {
            return null;
        }

        var position = next;
        while (position > 0 && next - position < capacity && ring[(position - 1) % capacity] is { } frame && frame.Revision > after)
        {
            position--;
        }

        if (position == next)
        {
            return [];
        }

        var frames = new WatchFrame[next - position];
        for (var i = 0; i < frames.Length; i++)
        {
            frames[i] = ring[(position + i) % capacity];
        }

        return frames;
    }

    /// <summary>A watcher as the hub knows it: what concerns it, and how far nothing did.</summary>
    internal sealed class Member(WatchHub hub, WakeSignal signal, string prefix, string? key) : IDisposable
    {
        private bool isConcerned;

        // Nothing up to here concerns it; only meaningful while nothing is pending. It begins pending: what was before it joined is unknown.
        private Revision clear;
        private bool isPending = true;

        /// <summary>The changes after <paramref name="at"/>, which moves on; null when the ring no longer reaches back that far.</summary>
        public IReadOnlyList<WatchFrame>? Read(ref Revision at)
        {
            lock (hub.gate)
            {
                if (!isPending && clear > at)
                {
                    at = clear;
                    return [];
                }

                if (hub.ReadAfter(at) is not { } frames)
                {
                    return null;
                }

                at = frames.Length > 0 ? frames[^1].Revision : at;
                (isPending, clear) = (false, at);
                return frames;
            }
        }

        public void Look(string changed) =>
            isConcerned |= key is null ? changed.StartsWith(prefix, StringComparison.Ordinal) : changed == key;

        public bool Wake(Revision through)
        {
            if (isConcerned)
            {
                (isConcerned, isPending) = (false, true);
                signal.Set();
                return true;
            }

            if (!isPending)
            {
                clear = through;
            }

            return false;
        }

        public void Interrupt()
        {
            isPending = true;
            signal.Set();
        }

        public void Dispose()
        {
            lock (hub.gate)
            {
                hub.members.Remove(this);
            }
        }
    }
}
