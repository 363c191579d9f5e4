using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Volumes;

/// <summary>
/// The ConfigMaps and Secrets that pods of this node mount, each watched by name (a node may read no others)
/// for as long as some pod uses it. <see cref="Changed"/> names the pods whose volumes are to be refreshed.
/// </summary>
internal sealed class ObjectSources(IObjectClient client, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private static readonly TimeSpan SyncTimeout = TimeSpan.FromSeconds(10);
    private readonly InformerSet informers = new(client, time, loggers);
    private readonly Lock gate = new();
    private readonly Dictionary<(Type Kind, ObjectKey Key), Users> users = [];

    /// <summary>Called with a pod's uid on the informer's thread: enqueue only.</summary>
    public Action<string> Changed { get; set; } = _ => { };

    public Task StartAsync(CancellationToken cancellationToken) => informers.StartAsync(cancellationToken);

    /// <summary>The object, or null when it does not exist. From now on its changes are announced for the pod.</summary>
    public async Task<T?> GetAsync<T>(string podUid, ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var informer = Use<T>(podUid, key);
        try
        {
            await informer.WaitForSyncAsync(cancellationToken).WaitAsync(SyncTimeout, time, cancellationToken);
        }
        catch (TimeoutException)
        {
            throw new Pods.VolumeException($"failed to sync {Word<T>()} cache: timed out waiting for the condition");
        }
        // A watch may lag behind a creation that the pod already depends on.
        return informer.Get(key) ?? await FindAsync<T>(key, cancellationToken);
    }

    public void Release(string podUid)
    {
        lock (gate)
        {
            foreach (var (id, entry) in users.Where(pair => pair.Value.Pods.Remove(podUid) && pair.Value.Pods.Count == 0).ToList())
            {
                users.Remove(id);
                entry.Stop();
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await informers.StopAsync(CancellationToken.None);
        informers.Dispose();
    }

    private Informer<T> Use<T>(string podUid, ObjectKey key)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        var scope = new ListScope(key.Namespace, FieldSelector: $"metadata.name={key.Name}");
        lock (gate)
        {
            var informer = informers.Of<T>(scope);
            if (!users.TryGetValue((typeof(T), key), out var entry))
            {
                entry = new Users([], () => informers.Stop<T>(scope));
                users.Add((typeof(T), key), entry);
                informer.Subscribe(_ => Announce(entry));
            }
            entry.Pods.Add(podUid);
            return informer;
        }
    }

    private void Announce(Users entry)
    {
        string[] pods;
        lock (gate)
        {
            pods = [.. entry.Pods];
        }
        foreach (var pod in pods)
        {
            Changed(pod);
        }
    }

    private async Task<T?> FindAsync<T>(ObjectKey key, CancellationToken cancellationToken)
        where T : class, IKubernetesObject<V1ObjectMeta>
    {
        try
        {
            return await client.GetAsync<T>(key, cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }

    private static string Word<T>() => typeof(T) == typeof(V1Secret) ? "secret" : "configmap";

    private sealed record Users(HashSet<string> Pods, Action Stop);
}
