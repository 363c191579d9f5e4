using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Keeps the legacy Endpoints object of every service with a selector, for clients that know no slices.</summary>
internal sealed class EndpointsController : ServiceController
{
    // Nothing of the data plane waits for it, so a burst of pod changes becomes one write.
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(200);

    private readonly Informer<V1Endpoints> endpoints;
    private readonly TriggerTimes triggers = new();

    public EndpointsController(ControllerContext context)
        : base(context, "endpoint-controller", workers: 2, delay: Together)
    {
        endpoints = Watch<V1Endpoints>();
        endpoints.Subscribe(change =>
        {
            if (Services.Get(change.Latest.Key()) is { } service && ServicePods.IsSelecting(service))
            {
                Queue.AddAfter(service.Key(), Together);
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Services.Get(key) is not { } service)
        {
            Pace.Forget(key);
            triggers.Forget(key);
            await DeleteAsync(key, cancellationToken);
            return;
        }

        if (!ServicePods.IsSelecting(service) || service.IsDeleting())
        {
            return;
        }

        var started = Time.GetTimestamp();
        var pods = PodsOf(service);
        var existing = endpoints.Get(key);
        var wanted = EndpointsPlan.For(service, pods, existing, () => triggers.Next(key, service, pods));
        if (wanted is null)
        {
            Pace.Looked(key, started);
            return;
        }

        try
        {
            await (existing is null ? Client.CreateAsync(wanted, cancellationToken) : Client.UpdateAsync(wanted, cancellationToken));
            Pace.Looked(key, started);
        }
        catch (ApiException raced) when (raced.IsAlreadyExists || raced.IsNamespaceEnding())
        {
            // The cache is about to show it, which brings the service back here; or nothing new may be made any more.
        }
    }

    private async Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (endpoints.Get(key) is null)
        {
            return;
        }

        try
        {
            await Client.DeleteAsync<V1Endpoints>(key, null, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // As wanted.
        }
    }
}
