using System.Net;
using System.Net.Sockets;
using Flotilla.Api.Json;
using Flotilla.Api.Networks;
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
                Annotations = new Dictionary<string, string> { [NetworkPolicyAnnotations.ClosedToContainers] = "true" },
                OwnerReferences =
                [
                    new V1OwnerReference { ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmNetwork", Name = network.Metadata.Name, Uid = network.Metadata.Uid, Controller = true, BlockOwnerDeletion = true },
                ],
            },
            Spec = new V1NetworkPolicySpec
            {
                PodSelector = members,
                PolicyTypes = ["Ingress", "Egress"],
                Ingress =
                [
                    new V1NetworkPolicyIngressRule
                    {
                        FromProperty =
                        [
                            new V1NetworkPolicyPeer { PodSelector = members },
                            .. NetworkRanges.Parse(options.PodRange).Select(range => Block(IsVersion6(range) ? "::/0" : "0.0.0.0/0", range.ToString())),
                            .. nodeRanges.Select(range => Block($"{range.BaseAddress}/{(IsVersion6(range) ? 127 : 31)}")),
                        ],
                    },
                ],

                // Who is in an internal network and in another one gets as far as the other leads.
                Egress = isInternal
                    ? [new V1NetworkPolicyEgressRule { To = [new V1NetworkPolicyPeer { PodSelector = members }, Block($"{options.ClusterDns}/{(options.ClusterDns.Contains(':', StringComparison.Ordinal) ? 128 : 32)}")] }]
                    : [new V1NetworkPolicyEgressRule()],
            },
        };
    }

    private static V1NetworkPolicyPeer Block(string range, params string[] except) => new() { IpBlock = new V1IPBlock { Cidr = range, Except = except.Length > 0 ? except : null } };

    private static bool IsVersion6(IPNetwork range) => range.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6;

    public static string NameOf(SwarmNetworkObject network) => $"swarm-{network.Metadata.Name}";
}
