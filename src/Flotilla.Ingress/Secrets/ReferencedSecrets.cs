using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Ingress.Secrets;

/// <summary>
/// Watches the Secrets that are named, each by itself: a node may see those and no others.
/// </summary>
internal sealed class ReferencedSecrets(InformerSet informers, Action changed) : ISecrets
{
    private readonly Lock gate = new();
    private readonly Dictionary<ObjectKey, Informer<V1Secret>> watched = [];

    public V1Secret? Get(ObjectKey key)
    {
        lock (gate)
        {
            return watched.GetValueOrDefault(key)?.Get(key);
        }
    }

    /// <summary>From now on these.</summary>
    public void Watch(IReadOnlySet<ObjectKey> keys)
    {
        lock (gate)
        {
            foreach (var gone in watched.Keys.Where(key => !keys.Contains(key)).ToList())
            {
                watched.Remove(gone);
                informers.Stop<V1Secret>(ScopeOf(gone));
            }

            foreach (var key in keys.Where(key => !watched.ContainsKey(key)))
            {
                var informer = informers.Of<V1Secret>(ScopeOf(key));
                watched.Add(key, informer);
                informer.Subscribe(_ => changed());
            }
        }
    }

    /// <summary>Until each has been looked for once, or <paramref name="limit"/> is over: one that may not be seen must not stop the others.</summary>
    public async Task WaitAsync(TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        Task[] waits;
        lock (gate)
        {
            waits = [.. watched.Values.Select(informer => informer.WaitForSyncAsync(cancellationToken))];
        }

        try
        {
            await Task.WhenAll(waits).WaitAsync(limit, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            // They are served as missing until they come.
        }
    }

    private static ListScope ScopeOf(ObjectKey key) => new(key.Namespace, FieldSelector: $"metadata.name={key.Name}");
}
