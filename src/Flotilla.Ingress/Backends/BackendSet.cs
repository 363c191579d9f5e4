using System.Collections.Concurrent;

namespace Flotilla.Ingress.Backends;

/// <summary>Every backend that some route leads to, one object per key whatever table it is in. One task compiles; any may read.</summary>
internal sealed class BackendSet
{
    private readonly ConcurrentDictionary<BackendKey, Backend> backends = new();
    private HashSet<BackendKey> used = [];

    public IReadOnlyCollection<Backend> All => (IReadOnlyCollection<Backend>)backends.Values;

    public Backend Of(BackendKey key)
    {
        used.Add(key);
        return backends.GetOrAdd(key, static added => new Backend(added));
    }

    /// <summary>After a compilation: forgets what it did not ask for.</summary>
    public void Sweep()
    {
        foreach (var key in backends.Keys.Where(key => !used.Contains(key)))
        {
            backends.TryRemove(key, out _);
        }

        used = [];
    }
}
