using System.Net;
using Flotilla.Api.Json;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Networks.Isolation;

/// <summary>The NetworkPolicy that is an overlay network: its tasks hear each other and what comes from outside of the cluster by published ports, and no other pod. Pure.</summary>
internal static class IsolationPlan
{
    /// <param name="nodeRanges">The pods' addresses of each node; the first two are the node's own ends, by which published ports come from other nodes.</param>
    public static V1NetworkPolicy For(SwarmNetworkObject network, SwarmOptions options, IEnumerable<IPNetwork> nodeRanges)
    {
        var isInternal = SwarmNetworks.Of(network).Spec.Boolean("Internal") == true;
        var members = new V1LabelSelector { MatchLabels = new Dictionary<string, string> { [SwarmApi.NetworkLabelPrefix + SwarmInformers.IdOf(network)] = "" } };
        return new V1NetworkPolicy
        {
            ApiVersion = "networking.k8s.io/v1",
            Kind = "NetworkPolicy",
            Metadata = new V1ObjectMeta
            {
                Name = NameOf(network),
                NamespaceProperty = network.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string> { [SwarmApi.Managed] = "network" },
                OwnerReferences =
                [
                    new V1OwnerReference { ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmNetwork", Name = network.Metadata.Name, Uid = network.Metadata.Uid, Controller = true, BlockOwnerDeletion = true },
                ],
            },
            Spec = new V1NetworkPolicySpec
            {
                PodSelector = members,
                PolicyTypes = isInternal ? ["Ingress", "Egress"] : ["Ingress"],
                Ingress =
                [
                    new V1NetworkPolicyIngressRule
                    {
                        FromProperty =
                        [
                            new V1NetworkPolicyPeer { PodSelector = members },
                            new V1NetworkPolicyPeer { IpBlock = new V1IPBlock { Cidr = "0.0.0.0/0", Except = [options.PodRange] } },
                            .. nodeRanges.Select(range => new V1NetworkPolicyPeer { IpBlock = new V1IPBlock { Cidr = $"{range.BaseAddress}/31" } }),
                        ],
                    },
                ],
                Egress = isInternal
                    ? [new V1NetworkPolicyEgressRule { To = [new V1NetworkPolicyPeer { PodSelector = members }, new V1NetworkPolicyPeer { IpBlock = new V1IPBlock { Cidr = $"{options.ClusterDns}/32" } }] }]
                    : null,
            },
        };
    }

    public static string NameOf(SwarmNetworkObject network) => $"swarm-{network.Metadata.Name}";
}
