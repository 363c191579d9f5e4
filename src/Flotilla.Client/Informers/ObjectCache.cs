using Flotilla.Api;
using k8s;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>The objects an informer knows, by key, namespace and custom index. Any thread may read.</summary>
internal sealed class ObjectCache<T>
    where T : class, IKubernetesObject<V1ObjectMeta>
{
    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, T> objects = [];
    private readonly Dictionary<string, Index> indexes = new(StringComparer.Ordinal);
    private readonly Index namespaces = new(static value => [value.Metadata.NamespaceProperty ?? ""]);

    // Listing is far more frequent than change for most kinds, so the last list is kept until something changes.
    private IReadOnlyList<T>? all = [];

    public void AddIndex(string name, Func<T, IEnumerable<string>> values)
    {
        lock (gate)
        {
            if (indexes.ContainsKey(name))
            {
                return;
            }

            var index = new Index(values);
            foreach (var (key, value) in objects)
            {
                index.Add(key, value);
            }

            indexes.Add(name, index);
        }
    }

    public T? Get(ObjectKey key)
    {
        lock (gate)
        {
            return objects.GetValueOrDefault(key);
        }
    }

    public IReadOnlyList<T> List()
    {
        lock (gate)
        {
            return all ??= [.. objects.Values];
        }
    }

    public IReadOnlyList<T> List(string ns)
    {
        lock (gate)
        {
            return Select(namespaces, ns);
        }
    }

    public IReadOnlyList<T> ByIndex(string name, string value)
    {
        lock (gate)
        {
            return indexes.TryGetValue(name, out var index)
                ? Select(index, value)
                : throw new ArgumentException($"There is no index {name} of {typeof(T).Name}.", nameof(name));
        }
    }

    /// <summary>Stores <paramref name="value"/>, or removes the key when it is null. Returns what was there.</summary>
    public T? Set(ObjectKey key, T? value)
    {
        lock (gate)
        {
            all = null;
            if (objects.Remove(key, out var old))
            {
                namespaces.Remove(key, old);
                foreach (var index in indexes.Values)
                {
                    index.Remove(key, old);
                }
            }

            if (value is not null)
            {
                objects.Add(key, value);
                namespaces.Add(key, value);
                foreach (var index in indexes.Values)
                {
                    index.Add(key, value);
                }
            }

            return old;
        }
    }

    private T[] Select(Index index, string value)
    {
        if (!index.Keys.TryGetValue(value, out var keys))
        {
            return [];
        }

        var found = new T[keys.Count];
        var next = 0;
        foreach (var key in keys)
        {
            found[next++] = objects[key];
        }

        return found;
    }

    private sealed class Index(Func<T, IEnumerable<string>> values)
    {
        public Dictionary<string, HashSet<ObjectKey>> Keys { get; } = new(StringComparer.Ordinal);

        public void Add(ObjectKey key, T value)
        {
            foreach (var entry in values(value))
            {
                if (!Keys.TryGetValue(entry, out var keys))
                {
                    Keys.Add(entry, keys = []);
                }

                keys.Add(key);
            }
        }

        public void Remove(ObjectKey key, T value)
        {
            foreach (var entry in values(value))
            {
                if (Keys.TryGetValue(entry, out var keys) && keys.Remove(key) && keys.Count == 0)
                {
                    Keys.Remove(entry);
                }
            }
        }
    }
}
