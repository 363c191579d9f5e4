using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Swarm.Cluster;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Swarm.Services.Endpoints;

/// <summary>Gives every Swarm service its Kubernetes Service. What is deleted goes with its owner.</summary>
internal sealed class EndpointController : SwarmReconciler
{
    public EndpointController(SwarmContext context, SwarmInformers known, ILogger logger)
        : base(context, known, "swarm-endpoint-controller", workers: 2, logger)
    {
        Known.Services.Subscribe(change => Queue.Add(change.Latest.Key()));
        Known.KubernetesServices.Subscribe(change =>
        {
            if (SwarmInformers.OwnerOf(change.Latest) is { } owner)
            {
                Queue.Add(new ObjectKey(change.Latest.Metadata.NamespaceProperty, owner.Name));
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Known.Services.Get(key) is not { Metadata.DeletionTimestamp: null } service || service.Read.TaskTemplate.ContainerSpec is null)
        {
            return;
        }

        var current = Known.KubernetesServices.Get(new ObjectKey(key.Namespace, EndpointPlan.NameOf(service)));
        if (current is not null && SwarmInformers.OwnerOf(current)?.Uid != service.Metadata.Uid)
        {
            Events.Record(service, "Warning", "NameTaken", $"There is a Service {current.Metadata.Name} already: this one has no address and no published ports until that is gone");
            Queue.AddRateLimited(key);
            return;
        }

        await ConvergeAsync(service, current, EndpointPlan.For(service, current), cancellationToken);
    }

    private async Task ConvergeAsync(SwarmService service, V1Service? current, V1Service wanted, CancellationToken cancellationToken)
    {
        try
        {
            if (current is null)
            {
                await Context.Client.CreateAsync(wanted, cancellationToken);
            }
            else if (EndpointPlan.NeedsAnother(current, wanted))
            {
                await Context.Client.DeleteAsync<V1Service>(current.Key(), null, cancellationToken);
            }
            else if (!EndpointPlan.IsCurrent(current, wanted))
            {
                wanted.Metadata.ResourceVersion = current.Metadata.ResourceVersion;
                await Context.Client.UpdateAsync(wanted, cancellationToken);
            }
        }
        catch (ApiException refused) when (refused.Code == 422)
        {
            Events.Record(service, "Warning", "NotPublished", refused.Message);
            Queue.AddRateLimited(service.Key());
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // Of a service before that is just being collected, or not seen yet.
            Queue.AddRateLimited(service.Key());
        }
    }
}
