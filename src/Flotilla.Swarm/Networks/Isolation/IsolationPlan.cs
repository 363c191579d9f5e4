using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using k8s.Models;

namespace Flotilla.Swarm.Networks.Isolation;

/// <summary>The NetworkPolicy that is an overlay network: its tasks hear each other and what comes from outside of the cluster by published ports, and no other pod. Pure.</summary>
internal static class IsolationPlan
{
    public static V1NetworkPolicy For(SwarmNetworkObject network, string podRange, bool isInternal)
    {
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
                        FromProperty = [new V1NetworkPolicyPeer { PodSelector = members }, new V1NetworkPolicyPeer { IpBlock = new V1IPBlock { Cidr = "0.0.0.0/0", Except = [podRange] } }],
                    },
                ],
                Egress = isInternal ? [new V1NetworkPolicyEgressRule { To = [new V1NetworkPolicyPeer { PodSelector = members }] }] : null,
            },
        };
    }

    public static string NameOf(SwarmNetworkObject network) => $"swarm-{network.Metadata.Name}";
}
