using System.Globalization;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Scheduling;
using k8s.Models;

namespace Flotilla.Swarm.Nodes;

/// <summary>A node's spec as a patch of the Node: kept as it came, with labels for the scheduler and the cordon it asks for.</summary>
internal static class NodeUpdate
{
    public static async Task<V1Node> ApplyAsync(SwarmContext context, V1Node node, JsonObject spec, CancellationToken cancellationToken)
    {
        var body = ObjectJson.Encode(PatchFor(node, spec, context.Now));
        return await context.Client.PatchAsync<V1Node>(node.Key(), new Patch(PatchKind.Merge, body), null, cancellationToken);
    }

    public static JsonObject PatchFor(V1Node node, JsonObject spec, DateTime now)
    {
        var labels = new JsonObject();
        foreach (var old in (node.Metadata.Labels ?? new Dictionary<string, string>()).Keys.Where(key => key.StartsWith(SwarmApi.NodeLabelPrefix, StringComparison.Ordinal)))
        {
            labels[old] = null;
        }

        foreach (var (key, value) in spec.Object("Labels") ?? [])
        {
            labels[NodeLabels.KeyOf(key)] = NodeLabels.ValueOf(value.AsString() ?? "");
        }

        // The version that was read: nothing written in between is lost.
        return new JsonObject
        {
            ["metadata"] = new JsonObject
            {
                ["resourceVersion"] = node.Metadata.ResourceVersion,
                ["labels"] = labels,
                ["annotations"] = new JsonObject
                {
                    [SwarmApi.Spec] = spec.ToJsonString(),
                    [SwarmApi.SpecVersion] = (NodeView.VersionOf(node) + 1).ToString(CultureInfo.InvariantCulture),
                    [SwarmApi.UpdatedAt] = now.ToString("O"),
                },
            },
            ["spec"] = new JsonObject { ["unschedulable"] = spec.String("Availability") is "pause" or "drain" ? true : null },
        };
    }
}
