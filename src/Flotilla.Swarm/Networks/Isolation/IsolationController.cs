using Flotilla.Api;
using Flotilla.Api.Json;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Networks.Isolation;

/// <summary>Keeps a NetworkPolicy for every network of the swarm. What is deleted goes with its owner.</summary>
internal sealed class IsolationController : SwarmReconciler
{
    public IsolationController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-isolation-controller", workers: 1, logger) => Known.Networks.Subscribe(change => Queue.Add(change.Latest.Key()));

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Networks.Get(key) is not { Metadata.DeletionTimestamp: null } network)
        {
            return;
        }

        try
        {
            var isInternal = SwarmNetworks.Of(network).Spec.Boolean("Internal") == true;
            await Context.Client.CreateAsync(IsolationPlan.For(network, Context.Options.PodRange, isInternal), cancellationToken);
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            var current = await Context.Client.GetAsync<V1NetworkPolicy>(new ObjectKey(key.Namespace, IsolationPlan.NameOf(network)), cancellationToken);
            if (current.Metadata.OwnerReferences?.Any(owner => owner.Uid == network.Metadata.Uid) != true)
            {
                // Of a network before, which is being collected: then this one has its turn.
                Queue.AddRateLimited(key);
            }
        }
    }
}
