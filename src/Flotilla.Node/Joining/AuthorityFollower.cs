using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Client.Joining;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Joining;

/// <summary>
/// Goes by the authorities that the cluster publishes, once a server has proved itself by them, and tells in the Node by which it goes:
/// only then does a rotation of the authority end. The certificates follow by <see cref="CertificateRenewal"/>. One loop.
/// </summary>
public sealed partial class AuthorityFollower : BackgroundService
{
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);

    private readonly NodeIdentity identity;
    private readonly NodeJoin join;
    private readonly IObjectClient client;
    private readonly Informer<V1ConfigMap> facts;
    private readonly Informer<V1Node> nodes;
    private readonly string node;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly DirtyKeys looks;

    /// <param name="client">As the node itself.</param>
    public AuthorityFollower(NodeIdentity identity, NodeJoin join, IObjectClient client, InformerSet informers, string node, TimeProvider time, ILogger<AuthorityFollower> logger)
    {
        (this.identity, this.join, this.client, this.node, this.time, this.logger) = (identity, join, client, node, time, logger);
        looks = new DirtyKeys(time, TimeSpan.Zero);
        facts = informers.Of<V1ConfigMap>(new ListScope(ClusterFacts.Namespace, FieldSelector: $"metadata.name={ClusterFacts.Name}"));
        nodes = informers.Of<V1Node>(new ListScope(FieldSelector: $"metadata.name={node}"));
        facts.Subscribe(_ => looks.Poke());
        nodes.Subscribe(_ => looks.Poke());
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            var isSettled = false;
            try
            {
                isSettled = await LookAsync(stoppingToken);
            }
            catch (Exception failure) when (failure is ApiException or HttpRequestException or TimeoutException or IOException or CryptographicException)
            {
                Log.Failed(logger, failure.Message);
            }

            // Its own certificates come without a word.
            await looks.TakeAsync(isSettled ? Timeout.InfiniteTimeSpan : Retry, stoppingToken);
        }
    }

    /// <returns>Whether the Node tells that everything is as the cluster wants it.</returns>
    private async Task<bool> LookAsync(CancellationToken cancellationToken)
    {
        var told = facts.List().FirstOrDefault()?.Data?.TryGetValue(ClusterFacts.Authorities, out var pem) == true ? NodeIdentity.FromPem(pem) : [];
        if (told.Count > 0 && !HashesOf(told).SequenceEqual(HashesOf(identity.Authorities!)))
        {
            await ProveAsync(told, cancellationToken);
            identity.SetAuthorities(told);
            Log.Followed(logger, string.Join(", ", HashesOf(told)));
        }

        if (identity.Trust is not { } trust || nodes.List().FirstOrDefault() is not { } self)
        {
            return false;
        }

        if (NodeTrust.Of(self) is not { } shown || shown.Certificates != trust.Certificates || !shown.Trusted.SequenceEqual(trust.Trusted))
        {
            var annotations = new JsonObject(trust.Annotations.Select(pair => KeyValuePair.Create(pair.Key, (JsonNode?)pair.Value)));
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = annotations } };
            await client.PatchAsync<V1Node>(new ObjectKey(null, node), new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
        }

        return trust.Follows(trust.Trusted[0]);
    }

    // Whoever publishes what no server goes by does not lock this machine out.
    private async Task ProveAsync(X509Certificate2Collection authorities, CancellationToken cancellationToken)
    {
        using var probe = join.ClientTrusting(() => authorities);
        await probe.SendAsync(HttpMethod.Get, "/version", null, default, cancellationToken);
    }

    private static IEnumerable<string> HashesOf(X509Certificate2Collection authorities) => authorities.Select(JoinToken.HashOf);

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Information, Message = "The node goes by the cluster's authorities {Hashes} from now on")]
        public static partial void Followed(ILogger logger, string hashes);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The node does not go by the authorities that the cluster publishes yet: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
