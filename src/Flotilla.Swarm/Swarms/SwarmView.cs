using System.Text.Json.Nodes;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Docker;

namespace Flotilla.Swarm.Swarms;

/// <summary>The swarm as Docker's ClusterInfo.</summary>
internal static class SwarmView
{
    public static long VersionOf(SwarmObject swarm) => swarm.Metadata.Generation ?? 1;

    public static JsonObject Of(SwarmObject swarm, SwarmContext context)
    {
        var spec = (JsonObject)WireJson.Node(swarm.Spec)!;

        return new JsonObject
        {
            ["ID"] = SwarmInformers.IdOf(swarm),
            ["Version"] = new JsonObject { ["Index"] = VersionOf(swarm) },
            ["CreatedAt"] = swarm.Metadata.CreationTimestamp,
            ["UpdatedAt"] = swarm.Metadata.Annotations?.TryGetValue(SwarmApi.UpdatedAt, out var at) == true ? JsonValue.Create(at) : JsonValue.Create(swarm.Metadata.CreationTimestamp),
            ["Spec"] = spec,
            ["TLSInfo"] = context.Authority.Tls.DeepClone(),
            ["RootRotationInProgress"] = context.Trusted.Count > 1,
            ["DefaultAddrPool"] = WireJson.Array(swarm.Network.DefaultAddressPool.Select(pool => JsonValue.Create(pool))),
            ["SubnetSize"] = swarm.Network.SubnetSize,
            ["DataPathPort"] = swarm.Network.DataPathPort,
        };
    }
}
