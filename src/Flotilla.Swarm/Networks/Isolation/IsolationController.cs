using System.Net;
using Flotilla.Api;
using Flotilla.Api.Networks;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Networks.Isolation;

/// <summary>Keeps a NetworkPolicy for every network of the swarm. What is deleted goes with its owner.</summary>
internal sealed class IsolationController : SwarmReconciler
{
    public IsolationController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-isolation-controller", workers: 1, logger)
    {
        Known.Networks.Subscribe(change => Queue.Add(change.Latest.Key()));
        Known.Nodes.Subscribe(OnNode);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Networks.Get(key) is not { Metadata.DeletionTimestamp: null } network)
        {
            return;
        }

        var wanted = IsolationPlan.For(network, Context.Options, NodeRanges());
        try
        {
            await Context.Client.CreateAsync(wanted, cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            var current = await Context.Client.GetAsync<V1NetworkPolicy>(wanted.Key(), cancellationToken);
            if (current.Metadata.OwnerReferences?.Any(owner => owner.Uid == network.Metadata.Uid) != true)
            {
                // Of a network before, which is being collected: then this one has its turn.
                Queue.AddRateLimited(key);
            }
            else if (current.GetAnnotation(NetworkPolicyAnnotations.ClosedToContainers) is null || !ObjectJson.Encode(current.Spec).AsSpan().SequenceEqual(ObjectJson.Encode(wanted.Spec)))
            {
                wanted.Metadata.ResourceVersion = current.Metadata.ResourceVersion;
                await Context.Client.UpdateAsync(wanted, cancellationToken);
            }
        }
    }

    private IEnumerable<IPNetwork> NodeRanges() => Known.Nodes.List().SelectMany(RangesOf).OrderBy(text => text, StringComparer.Ordinal)
        .SelectMany(text => IPNetwork.TryParse(text, out var range) ? [range] : Array.Empty<IPNetwork>());

    private static IEnumerable<string?> RangesOf(V1Node? node) => node?.Spec?.PodCIDRs ?? [node?.Spec?.PodCIDR];

    private void OnNode(ObjectChange<V1Node> change)
    {
        if (RangesOf(change.Old).SequenceEqual(RangesOf(change.New), StringComparer.Ordinal))
        {
            return;
        }

        foreach (var network in Known.Networks.List())
        {
            Queue.Add(network.Key());
        }
    }
}
