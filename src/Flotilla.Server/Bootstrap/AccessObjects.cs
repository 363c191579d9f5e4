using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Api.Kinds;
using Flotilla.Client.Joining;
using Flotilla.Server.Authentication;
using Flotilla.Server.Identity;

namespace Flotilla.Server.Bootstrap;

/// <summary>What others need to trust this server and its users: published authorities, and the accounts of the controllers.</summary>
internal sealed class AccessObjects(BuiltInObjects objects, ClusterIdentity identity, ApiServerOptions options, TimeProvider time)
{
    private const string System = "kube-system";

    // Of the controllers with a role of their own those that run in every cluster.
    private const string Accounts = """
        attachdetach-controller certificate-controller clusterrole-aggregation-controller cronjob-controller daemon-set-controller deployment-controller
        device-taint-eviction-controller disruption-controller endpoint-controller endpointslice-controller endpointslicemirroring-controller
        ephemeral-volume-controller expand-controller generic-garbage-collector horizontal-pod-autoscaler job-controller
        legacy-service-account-token-cleaner namespace-controller node-controller persistent-volume-binder pod-garbage-collector
        pv-protection-controller pvc-protection-controller replicaset-controller replication-controller resource-claim-controller
        resourcequota-controller root-ca-cert-publisher service-account-controller service-ca-cert-publisher service-cidrs-controller
        statefulset-controller ttl-after-finished-controller ttl-controller validatingadmissionpolicy-status-controller volumeattributesclass-protection-controller
        """;

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        var accounts = Accounts.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
            .Select(name => objects.EnsureAsync(CoreKinds.ServiceAccount, System, Named(name), cancellationToken));
        var tracking = Named("kube-apiserver-legacy-service-account-token-tracking");
        tracking["data"] = new JsonObject { ["since"] = Times.Seconds(time.GetUtcNow())[..10] };
        await Task.WhenAll([.. accounts, objects.EnsureAsync(CoreKinds.ConfigMap, System, tracking, cancellationToken), PublishAsync(cancellationToken), objects.EnsureAsync(CoreKinds.ServiceAccount, NodeAccount.Namespace, Named(NodeAccount.Name), cancellationToken)]);
    }

    /// <summary>Tells everybody by which authorities the cluster is recognized, and how it is laid out.</summary>
    public Task PublishAsync(CancellationToken cancellationToken) => Task.WhenAll(PublishAuthoritiesAsync(cancellationToken), PublishClusterAsync(cancellationToken));

    // Whoever wants to join reads the first without any credentials, and compares the authority with what its token pins.
    private async Task PublishClusterAsync(CancellationToken cancellationToken)
    {
        var info = Named(ClusterFacts.PublicName);
        info["data"] = new JsonObject { [ClusterFacts.PublicKey] = Kubeconfig() };
        await objects.ReplaceAsync(CoreKinds.ConfigMap, new ObjectKey(ClusterFacts.PublicNamespace, ClusterFacts.PublicName), info, cancellationToken);
        var facts = Named(ClusterFacts.Name);
        facts["data"] = new JsonObject
        {
            [ClusterFacts.PodCidr] = options.PodCidr,
            [ClusterFacts.ServiceCidr] = options.ServiceCidr,
            [ClusterFacts.NetworkBackend] = options.NetworkBackend,
            [ClusterFacts.ClusterDns] = options.ClusterDns.ToString(),
            [ClusterFacts.ClusterDomain] = options.ClusterDomain,
            [ClusterFacts.Authorities] = identity.CaPem,
            [ClusterFacts.NodeGraceSeconds] = options.NodeGracePeriod.TotalSeconds.ToString(CultureInfo.InvariantCulture),
        };
        await objects.ReplaceAsync(CoreKinds.ConfigMap, new ObjectKey(ClusterFacts.Namespace, ClusterFacts.Name), facts, cancellationToken);
    }

    private string Kubeconfig() => $"""
        apiVersion: v1
        kind: Config
        clusters:
        - name: ""
          cluster:
            certificate-authority-data: {Convert.ToBase64String(Encoding.ASCII.GetBytes(identity.CaPem))}
            server: https://{options.AdvertisedAuthority}

        """;

    // Servers of aggregated groups read here whom to believe.
    private Task PublishAuthoritiesAsync(CancellationToken cancellationToken)
    {
        var map = Named(TrustedAuthorities.Name);
        map["data"] = new JsonObject
        {
            ["client-ca-file"] = identity.CaPem,
            ["requestheader-allowed-names"] = List(RequestHeaderAuthenticator.AllowedName),
            ["requestheader-client-ca-file"] = identity.ProxyCaPem,
            ["requestheader-extra-headers-prefix"] = List(RequestHeaderAuthenticator.ExtraPrefix),
            ["requestheader-group-headers"] = List(RequestHeaderAuthenticator.GroupHeader),
            ["requestheader-uid-headers"] = List(RequestHeaderAuthenticator.UidHeader),
            ["requestheader-username-headers"] = List(RequestHeaderAuthenticator.UserHeader),
        };
        return objects.ReplaceAsync(CoreKinds.ConfigMap, new ObjectKey(TrustedAuthorities.Namespace, TrustedAuthorities.Name), map, cancellationToken);
    }

    private static string List(string value) => new JsonArray(value).ToJsonString();

    private static JsonObject Named(string name) => new() { ["metadata"] = new JsonObject { ["name"] = name } };
}
