using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Swarms;
using Flotilla.Docker;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Cluster;

/// <summary>What every route works with.</summary>
internal sealed class SwarmContext(IObjectClient client, InformerSet informers, SwarmOptions options, TimeProvider time, NewestChanges newest)
{
    private const string NotInSwarm =
        "This node is not a swarm manager. Use \"docker swarm init\" or \"docker swarm join\" to connect this node to swarm and try again.";

    private const int MostAttempts = 10;
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan CurrentWithin = TimeSpan.FromSeconds(20);

    public IObjectClient Client => client;

    public SwarmOptions Options => options;

    public TimeProvider Time => time;

    public DateTime Now => time.GetUtcNow().UtcDateTime;

    public SwarmCluster Cluster { get; } = new(client, informers, time);

    /// <summary>All machines of the cluster, in swarm mode or not.</summary>
    public Informer<V1Node> Nodes { get; } = informers.Of<V1Node>();

    public Informer<V1ConfigMap> Authorities { get; } = informers.Of<V1ConfigMap>(TrustedAuthority.Scope);

    public V1Node? Self => Nodes.Get(new(null, options.NodeName));

    /// <summary>The cluster's certificate authority: while it is rotated, the next one.</summary>
    public TrustedAuthority Authority => Trusted is [var first, ..] ? first : TrustedAuthority.Unknown;

    /// <summary>That, and behind it the one that a rotation of it has not ended yet.</summary>
    public IReadOnlyList<TrustedAuthority> Trusted => Authorities.List().FirstOrDefault()?.Data?.TryGetValue("client-ca-file", out var pem) == true ? TrustedAuthority.In(pem) : [];

    /// <summary>Returns when another authority than this one is known to sign.</summary>
    public async Task KnowAuthorityAfterAsync(string hash, CancellationToken cancellationToken)
    {
        while (Authority.Hash == hash)
        {
            await Task.Delay(LookEvery, time, cancellationToken);
        }
    }

    /// <summary>null: not in swarm mode.</summary>
    public SwarmObject? Swarm => Cluster.Known?.Swarm;

    /// <summary>What is known of the swarm, with all that was committed before this was asked, through whichever API or server.</summary>
    /// <exception cref="DockerException">There is no swarm.</exception>
    public async Task<SwarmInformers> ManagerAsync(CancellationToken cancellationToken) =>
        await CurrentAsync(cancellationToken) is { Swarm: not null } known ? known : throw new DockerException(503, NotInSwarm);

    /// <summary>The same of a cluster that may be in no swarm; null: it never was.</summary>
    /// <exception cref="ApiException">The store does not answer.</exception>
    public async Task<SwarmInformers?> CurrentAsync(CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(CurrentWithin, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            return await Cluster.CatchUpAsync(newest, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new DockerException(500, "rpc error: code = DeadlineExceeded desc = context deadline exceeded");
        }
    }

    /// <summary>The same, with what was known last when that is all there is: of the machine itself is told in any case.</summary>
    public async Task<SwarmInformers?> CurrentIfPossibleAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await CurrentAsync(cancellationToken);
        }
        catch (Exception unknown) when (unknown is ApiException or DockerException)
        {
            return Cluster.Known;
        }
    }

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
