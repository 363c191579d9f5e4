using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Networks;
using Flotilla.Swarm.Nodes;
using Flotilla.Swarm.Swarms;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Members;

/// <summary>Tells every node what it has to know of the swarm, and lets in again who left and shows a token.</summary>
internal sealed class MembershipController : SwarmReconciler
{
    private readonly SwarmTokens tokens;

    public MembershipController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-membership-controller", workers: 1, logger)
    {
        tokens = new SwarmTokens(context.Client);
        Known.Nodes.Subscribe(change => Queue.Add(change.Latest.Key()));
        Known.Swarms.Subscribe(_ => EnqueueAll());
        Known.Networks.Subscribe(_ => EnqueueAll());
        Context.Authorities.Subscribe(_ => EnqueueAll());
        Known.ServerSlices.Subscribe(change =>
        {
            // Slices of services change with every task.
            if (NodeView.IsOfServers(change.Latest))
            {
                EnqueueAll();
            }
        });
    }

    /// <summary>As a token is shown: who reads it cannot use it.</summary>
    public static string ProofOf(string token) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(token)));

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Nodes.Get(key) is not { Metadata.DeletionTimestamp: null } node)
        {
            return;
        }

        var changes = new JsonObject();
        var told = Known.Swarm is null ? null : JsonSerializer.Serialize(new Membership(SwarmTokens.DigestOf(Context.Authority), Managers(), [.. SwarmNetworks.Shared(Known).OrderBy(network => network.Id, StringComparer.Ordinal)]));
        if (node.GetAnnotation(SwarmApi.Swarm) != told)
        {
            changes[SwarmApi.Swarm] = told;
        }

        if (node.GetAnnotation(SwarmApi.Join) is { } proof)
        {
            var refusal = await RefusalAsync(key.Name, proof, cancellationToken);
            changes[SwarmApi.Join] = null;
            changes[SwarmApi.JoinRefused] = refusal;
            if (refusal is null)
            {
                changes[SwarmApi.Left] = null;
            }
        }

        // A swarm that is gone has nobody who left it.
        if (told is null && node.GetAnnotation(SwarmApi.Left) is not null)
        {
            changes[SwarmApi.Left] = null;
        }

        if (changes.Count > 0)
        {
            var patch = new JsonObject { ["metadata"] = new JsonObject { ["annotations"] = changes } };
            await Context.Client.PatchAsync<V1Node>(key, new Patch(PatchKind.Merge, ObjectJson.Encode(patch)), null, cancellationToken);
        }
    }

    private async Task<string?> RefusalAsync(string node, string proof, CancellationToken cancellationToken)
    {
        if (Known.Swarm is null)
        {
            return "there is no swarm";
        }

        return proof == ProofOf(SwarmTokens.TokenOf(Context.Authority, await tokens.ReadAsync(SwarmTokens.Worker, cancellationToken))) ? null
            : proof == ProofOf(SwarmTokens.TokenOf(Context.Authority, await tokens.ReadAsync(SwarmTokens.Manager, cancellationToken)))
            ? $"this machine runs no server of the cluster: join it with the worker token, and type on a manager: docker node promote {node} (it makes a server of a node of that machine, and says for any other what to type there)"
            : "rpc error: code = InvalidArgument desc = A valid join token is necessary to join this cluster";
    }

    private IReadOnlyList<ManagerPlace> Managers()
    {
        var view = NodeView.From(Known, Context);
        return [.. Known.Nodes.List().Where(view.IsManager).OrderBy(node => node.Metadata.Name, StringComparer.Ordinal).Select(node => new ManagerPlace(SwarmInformers.IdOf(node), view.ManagerAddress(node)))];
    }

    private void EnqueueAll()
    {
        foreach (var node in Known.Nodes.List())
        {
            Queue.Add(node.Key());
        }
    }
}
