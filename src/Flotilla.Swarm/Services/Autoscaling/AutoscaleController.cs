using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Services.Autoscaling;

/// <summary>Gives services that ask for it by labels an autoscaler of Kubernetes, which counts their tasks. What is deleted goes with its owner.</summary>
internal sealed class AutoscaleController : SwarmReconciler
{
    public AutoscaleController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-autoscale-controller", workers: 1, logger)
    {
        Known.Services.Subscribe(change => Queue.Add(change.Latest.Key()));
        Known.Autoscalers.Subscribe(change =>
        {
            if (SwarmInformers.OwnerOf(change.Latest) is { } owner)
            {
                Queue.Add(new ObjectKey(change.Latest.Metadata.NamespaceProperty, owner.Name));
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Services.Get(key) is not { Metadata.DeletionTimestamp: null } service)
        {
            return;
        }

        var current = Known.Autoscalers.Get(key);
        var isOwn = current is not null && SwarmInformers.OwnerOf(current)?.Uid == service.Metadata.Uid;
        var wanted = AutoscalePlan.For(service);
        try
        {
            if (wanted is null && isOwn)
            {
                await Context.Client.DeleteAsync<V2HorizontalPodAutoscaler>(key, null, cancellationToken);
            }
            else if (wanted is not null && current is null)
            {
                await Context.Client.CreateAsync(wanted, cancellationToken);
            }
            else if (wanted is not null && isOwn && !AutoscalePlan.IsCurrent(current!, wanted))
            {
                await Context.Client.UpdateAsync(wanted with { Metadata = current!.Metadata }, cancellationToken);
            }
        }
        catch (ApiException faster) when (faster.IsNotFound || faster.IsAlreadyExists)
        {
            // Of a service before that is just being collected, or not seen yet.
            Queue.AddRateLimited(key);
        }
    }
}
