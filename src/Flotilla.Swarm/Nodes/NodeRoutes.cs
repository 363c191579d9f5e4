using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Members;
using Flotilla.Docker;
using k8s.Models;

namespace Flotilla.Swarm.Nodes;

/// <summary><c>docker node</c>.</summary>
internal sealed class NodeRoutes(SwarmContext context, NodeShutOut removeNode, NodeRoleChange changeRole)
{
    public IEnumerable<Route> All =>
    [
        new("GET", "/nodes", ListAsync),
        new("GET", "/nodes/{id}", InspectAsync),
        new("POST", "/nodes/{id}/update", UpdateAsync),
        new("DELETE", "/nodes/{id}", RemoveAsync),
    ];

    private async Task<DockerAnswer> ListAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var filters = Filters.Parse(request.Query("filters"), "id", "label", "node.label", "membership", "name", "role");
        var known = await context.ManagerAsync(cancellationToken);
        var view = NodeView.From(known, context);
        foreach (var role in filters["role"].Where(role => role is not ("worker" or "manager")))
        {
            throw DockerException.BadRequest($"Invalid role filter: '{role}'");
        }

        var nodes = known.Members.Where(node =>
            filters.Begins("id", SwarmInformers.IdOf(node)) && filters.Begins("name", node.Metadata.Name)
            && filters.Is("role", view.IsManager(node) ? "manager" : "worker") && filters.Is("membership", "accepted")
            && filters.Labels("label", NodeView.EngineLabels(node)) && filters.Labels("node.label", NodeView.Labels(node)));
        return DockerAnswer.Json(WireJson.Array(nodes.OrderBy(node => node.Metadata.Name, StringComparer.Ordinal).Select(view.Of)));
    }

    private async Task<DockerAnswer> InspectAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        return DockerAnswer.Json(NodeView.From(known, context).Of(Find(known, request.Id)));
    }

    private async Task<DockerAnswer> UpdateAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var index = request.VersionIndex;
        var known = await context.ManagerAsync(cancellationToken);
        var spec = await request.BodyAsync(cancellationToken);
        var node = Find(known, request.Id);
        if (spec.String("Availability")?.ToLowerInvariant() is not ("active" or "pause" or "drain"))
        {
            throw DockerException.BadRequest($"invalid Availability: \"{spec.String("Availability")}\"");
        }

        await ChangeRoleAsync(spec, node, NodeView.From(known, context), cancellationToken);
        var written = await SwarmContext.RetryAsync(async () =>
        {
            var current = await context.Client.GetAsync<V1Node>(node.Key(), cancellationToken);
            return NodeView.VersionOf(current) == index ? await NodeUpdate.ApplyAsync(context, current, spec, cancellationToken) : throw DockerException.OutOfSequence();
        });
        return DockerAnswer.Ok();
    }

    /// <summary>Answers when it is done: a manager is a server of the cluster, which takes its time to start.</summary>
    private async Task ChangeRoleAsync(JsonObject spec, V1Node node, NodeView view, CancellationToken cancellationToken)
    {
        var role = spec.String("Role")?.ToLowerInvariant();
        if (role is not ("worker" or "manager"))
        {
            throw DockerException.BadRequest($"invalid Role: \"{spec.String("Role")}\"");
        }

        if (role == "worker" && view.IsManager(node) && view.Servers.Count <= 1)
        {
            throw new DockerException(400, "rpc error: code = FailedPrecondition desc = attempting to demote the last manager of the swarm");
        }

        if ((role == "manager") != view.IsManager(node))
        {
            await changeRole(node, role == "manager", cancellationToken);
        }
    }

    private async Task<DockerAnswer> RemoveAsync(DockerRequest request, CancellationToken cancellationToken)
    {
        var known = await context.ManagerAsync(cancellationToken);
        var node = Find(known, request.Id);
        // One that is gone for good has nobody to demote it.
        if (NodeView.From(known, context).IsReachable(node))
        {
            throw new DockerException(400, $"rpc error: code = FailedPrecondition desc = node {SwarmInformers.IdOf(node)} is a cluster manager and is a member of the raft cluster. It must be demoted to worker before removal");
        }

        if (!Membership.IsMember(node))
        {
            // It is a node of the cluster still; who left the swarm is only listed no more.
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = new JsonObject { [SwarmApi.Left] = Membership.Forgotten } } };
            var forgotten = await context.Client.PatchAsync<V1Node>(node.Key(), new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
            return DockerAnswer.Ok();
        }

        if (NodeView.IsReady(node) && !request.Flag("force"))
        {
            throw new DockerException(400, $"rpc error: code = FailedPrecondition desc = node {SwarmInformers.IdOf(node)} is not down and can't be removed");
        }

        await removeNode(node.Metadata.Name, cancellationToken);
        return DockerAnswer.Ok();
    }

    private V1Node Find(SwarmInformers known, string word) =>
        Lookup.Find("node", word, known.Members, SwarmInformers.IdOf, node => node.Metadata.Name);
}
