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
                index.Set(key, null, value);
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
            return namespaces.Of(ns);
        }
    }

    public IReadOnlyList<T> ByIndex(string name, string value)
    {
        lock (gate)
        {
            return indexes.TryGetValue(name, out var index)
                ? index.Of(value)
                : throw new ArgumentException($"There is no index {name} of {typeof(T).Name}.", nameof(name));
        }
    }

    /// <summary>Stores <paramref name="value"/>, or removes the key when it is null. Returns what was there.</summary>
    public T? Set(ObjectKey key, T? value)
    {
        lock (gate)
        {
            all = null;
            var old = objects.GetValueOrDefault(key);
            if (value is null)
            {
                objects.Remove(key);
            }
            else
            {
                objects[key] = value;
            }

            namespaces.Set(key, old, value);
            foreach (var index in indexes.Values)
            {
                index.Set(key, old, value);
            }

            return old;
        }
    }

    private sealed class Index(Func<T, IEnumerable<string>> values)
    {
        private readonly Dictionary<string, Dictionary<ObjectKey, T>> entries = new(StringComparer.Ordinal);

        public T[] Of(string entry) => entries.TryGetValue(entry, out var found) ? [.. found.Values] : [];

        public void Set(ObjectKey key, T? old, T? value)
        {
            var before = old is null ? [] : values(old);
            var after = value is null ? [] : values(value);

            // Most changes leave an object where it is.
            if (old is not null && !before.SequenceEqual(after))
            {
                Remove(key, before);
            }

            foreach (var entry in after)
            {
                if (!entries.TryGetValue(entry, out var found))
                {
                    entries.Add(entry, found = []);
                }

                found[key] = value!;
            }
        }

        private void Remove(ObjectKey key, IEnumerable<string> from)
        {
            foreach (var entry in from)
            {
                if (entries.TryGetValue(entry, out var found) && found.Remove(key) && found.Count == 0)
                {
                    entries.Remove(entry);
                }
            }
        }
    }
}
