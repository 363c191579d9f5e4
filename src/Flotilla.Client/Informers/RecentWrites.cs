using k8s;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>
/// What this process wrote and its cache does not show yet. Laid over the cache it makes a controller read its own
/// writes, so that it never creates the same thing twice.
/// </summary>
public sealed class RecentWrites<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    // If the cache never shows a write, somebody undid it unseen.
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private readonly Lock gate = new();
    private readonly Informer<T> cache;
    private readonly TimeProvider time;
    private readonly Dictionary<string, (T Value, bool IsDeletion, long Since)> pending = new(StringComparer.Ordinal);

    public RecentWrites(Informer<T> cache, TimeProvider time)
    {
        this.cache = cache;
        this.time = time;
        cache.Subscribe(change => Seen(change.Latest, change.New is null));
    }

    public T Wrote(T value)
    {
        Note(value, isDeletion: false);
        return value;
    }

    public void Deleted(T value) => Note(value, isDeletion: true);

    /// <summary>The newest that is known of one object.</summary>
    public T Newest(T cached)
    {
        lock (gate)
        {
            return pending.TryGetValue(cached.Metadata.Uid, out var write) && !write.IsDeletion && time.GetElapsedTime(write.Since) <= Lifetime
                ? write.Value
                : cached;
        }
    }

    /// <summary>The cached objects with the writes of those that <paramref name="belongs"/> selects.</summary>
    public List<T> Over(IEnumerable<T> cached, Func<T, bool> belongs)
    {
        lock (gate)
        {
            if (pending.Count == 0)
            {
                return [.. cached];
            }

            var view = cached.ToDictionary(value => value.Metadata.Uid, StringComparer.Ordinal);
            foreach (var (uid, write) in pending.ToArray())
            {
                if (time.GetElapsedTime(write.Since) > Lifetime)
                {
                    pending.Remove(uid);
                }
                else if (write.IsDeletion)
                {
                    view.Remove(uid);
                }
                else if (belongs(write.Value))
                {
                    view[uid] = write.Value;
                }
            }

            return [.. view.Values];
        }
    }

    private void Note(T value, bool isDeletion)
    {
        lock (gate)
        {
            pending[value.Metadata.Uid] = (value, isDeletion, time.GetTimestamp());
        }

        // It may have been seen before it was noted.
        var cached = cache.Get(value.Key());
        if (cached?.Metadata.Uid == value.Metadata.Uid)
        {
            Seen(cached, isDeletion: false);
        }
        else if (isDeletion)
        {
            Seen(value, isDeletion);
        }
    }

    private void Seen(T value, bool isDeletion)
    {
        lock (gate)
        {
            if (pending.TryGetValue(value.Metadata.Uid, out var write)
                && (isDeletion || (!write.IsDeletion && value.Version() >= write.Value.Version())))
            {
                pending.Remove(value.Metadata.Uid);
            }
        }
    }
}
