using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Network.Policies;

/// <summary>
/// Pods of this node that have addresses which their objects do not tell yet, and who waits until rules for them are
/// in force. Any thread may call.
/// </summary>
internal sealed class StartingPods
{
    private readonly Lock gate = new();
    private readonly Dictionary<string, Entry> entries = new(StringComparer.Ordinal);

    /// <summary>A task that completes when rules made with it are in force; null: they are.</summary>
    public Task? Add(V1Pod pod, IReadOnlyList<string> addresses)
    {
        lock (gate)
        {
            if (entries.TryGetValue(pod.Metadata.Uid, out var known) && known.Has(addresses))
            {
                return known.Applied.Task.IsCompleted ? null : known.Applied.Task;
            }

            foreach (var stale in entries.Where(one => one.Value.Addresses.Intersect(addresses, StringComparer.Ordinal).Any()).Select(one => one.Key).ToList())
            {
                entries.Remove(stale);
            }

            var entry = new Entry(pod, addresses);
            entries[pod.Metadata.Uid] = entry;
            return entry.Applied.Task;
        }
    }

    /// <summary>No rules are needed; those that come will know it.</summary>
    public void Settle(V1Pod pod)
    {
        lock (gate)
        {
            if (entries.TryGetValue(pod.Metadata.Uid, out var known))
            {
                known.Applied.TrySetResult();
            }
        }
    }

    /// <summary>Whether the object says now what was known here before.</summary>
    public bool IsKnown(V1Pod pod, IReadOnlyList<string> addresses)
    {
        lock (gate)
        {
            return entries.TryGetValue(pod.Metadata.Uid, out var known) && known.Has(addresses);
        }
    }

    /// <summary>The object tells its addresses itself from now on, or is gone.</summary>
    public void Forget(V1Pod pod, bool gone)
    {
        lock (gate)
        {
            if (entries.TryGetValue(pod.Metadata.Uid, out var known) && (gone || known.Applied.Task.IsCompleted))
            {
                known.Applied.TrySetResult();
                entries.Remove(pod.Metadata.Uid);
            }
        }
    }

    public Moment Now()
    {
        lock (gate)
        {
            return new Moment([.. entries.Values]);
        }
    }

    /// <summary>What was known when rules were made.</summary>
    public sealed class Moment(IReadOnlyList<Entry> entries)
    {
        private readonly Dictionary<string, IReadOnlyList<string>> addresses = entries.ToDictionary(one => one.Pod.Metadata.Uid, one => one.Addresses, StringComparer.Ordinal);

        public IReadOnlyList<string>? AddressesOf(V1Pod pod) => addresses.GetValueOrDefault(pod.Metadata.Uid);

        /// <summary>Pods that the cache does not show (yet): of manifests on this machine, or brand new.</summary>
        public IEnumerable<V1Pod> Unseen(Informer<V1Pod> cache) =>
            entries.Select(one => one.Pod).Where(pod => cache.Get(pod.Key())?.Metadata.Uid != pod.Metadata.Uid);

        public void Complete()
        {
            foreach (var entry in entries)
            {
                entry.Applied.TrySetResult();
            }
        }
    }

    public sealed record Entry(V1Pod Pod, IReadOnlyList<string> Addresses)
    {
        public bool Has(IReadOnlyList<string> addresses) => Addresses.SequenceEqual(addresses, StringComparer.Ordinal);

        public TaskCompletionSource Applied { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
