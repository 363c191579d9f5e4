using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Swarms;
using Flotilla.Docker;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Cluster;

/// <summary>What every route works with.</summary>
internal sealed class SwarmContext(IObjectClient client, InformerSet informers, SwarmOptions options, TimeProvider time)
{
    private const string NotInSwarm =
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

    private const int MostAttempts = 10;

    private readonly ConcurrentDictionary<Type, object> writes = [];

    public IObjectClient Client => client;

    public SwarmOptions Options => options;

    public TimeProvider Time => time;

    public DateTime Now => time.GetUtcNow().UtcDateTime;

    public SwarmCluster Cluster { get; } = new(client, informers, time);

    /// <summary>All machines of the cluster, in swarm mode or not.</summary>
    public Informer<V1Node> Nodes { get; } = informers.Of<V1Node>();

    public Informer<V1ConfigMap> Authorities { get; } = informers.Of<V1ConfigMap>(new ListScope("kube-system", FieldSelector: "metadata.name=extension-apiserver-authentication"));

    public V1Node? Self => Nodes.Get(new(null, options.NodeName));

    /// <summary>The cluster's certificate authority, PEM.</summary>
    public string Authority => Authorities.List().FirstOrDefault()?.Data?.TryGetValue("client-ca-file", out var pem) == true ? pem : "";

    /// <summary>null: not in swarm mode.</summary>
    public SwarmObject? Swarm => Cluster.Known?.Swarm;

    /// <exception cref="DockerException">There is no swarm.</exception>
    public async Task<SwarmInformers> ManagerAsync(CancellationToken cancellationToken)
    {
        if (Cluster.Known is { } known)
        {
            await known.WaitForSyncAsync(cancellationToken);
            if (known.Swarm is not null)
            {
                return known;
            }
        }

        throw new DockerException(503, NotInSwarm);
    }

    /// <summary>For a kind, so that answers wait until the cache shows what they tell of.</summary>
    public OwnWrites<T> Writes<T>(Informer<T> cache)
        where T : class, IKubernetesObject<V1ObjectMeta> => (OwnWrites<T>)writes.GetOrAdd(typeof(T), _ => new OwnWrites<T>(cache, time));

    /// <summary>Changes an object as it is now; another writer only means to look again.</summary>
    public static async Task<T> RetryAsync<T>(Func<Task<T>> changeAsync)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await changeAsync();
            }
            catch (ApiException conflict) when (conflict.IsConflict && attempt < MostAttempts)
            {
                // Read again.
            }
        }
    }
}
