using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>
/// Gives services of type LoadBalancer their addresses, from the pool or those of the nodes, and each address of the
/// pool a node that answers for it. One worker: nothing is given twice. What is given stands in the services' status alone.
/// </summary>
internal sealed class LoadBalancerController : Controller
{
    private const string Balancers = "balancers";
    private const string Normal = "Normal";

    private readonly Informer<V1Service> services;
    private readonly Informer<V1Node> nodes;
    private readonly Informer<V1EndpointSlice> slices;
    private readonly RecentWrites<V1Service> writes;
    private readonly AddressPool pool;
    private readonly HashSet<int> reserved;

    public LoadBalancerController(ControllerContext context)
        : base(context, "service-controller", workers: 1)
    {
        pool = context.Options.LoadBalancerPool;
        reserved = [.. context.Options.NodePorts];
        services = Watch<V1Service>();
        services.AddIndex(Balancers, service => BalancedService.IsOurs(service) ? [""] : []);
        services.Subscribe(OnService);
        writes = new RecentWrites<V1Service>(services, context.Time);
        nodes = Watch<V1Node>();
        nodes.Subscribe(OnNode);
        slices = Watch<V1EndpointSlice>();
        slices.AddIndex(SliceIndex.ByService, SliceIndex.ServiceOf);
        slices.Subscribe(OnSlice);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (services.Get(key) is not { } cached || cached.IsDeleting())
        {
            return;
        }

        var service = writes.Newest(cached);
        if (Options.BalancesLoad && BalancedService.IsOurs(service))
        {
            await EnsureAsync(key, service, cancellationToken);
        }
        else if (BalancerStatus.ConditionOf(service) is not null)
        {
            await RemoveAsync(key, service, cancellationToken);
        }
    }

    private async Task EnsureAsync(ObjectKey key, V1Service service, CancellationToken cancellationToken)
    {
        var others = writes.Over(services.ByIndex(Balancers, ""), BalancedService.IsOurs).Where(other => other.Metadata.Uid != service.Metadata.Uid).ToList();
        var plan = BalancerPlan.For(service, others, pool, [.. nodes.List().Select(BalancerNode.For)], NodesWithEndpoints(key), reserved);
        var before = BalancedService.AddressesOf(service);
        var (moved, changed) = (BalancedService.NodeOf(service) != plan.Node, !before.SequenceEqual(plan.Addresses, StringComparer.Ordinal));
        var condition = BalancerStatus.ConditionFor(service, plan, Now);
        if (!moved && !changed && BalancerStatus.IsSame(BalancerStatus.ConditionOf(service), condition))
        {
            return;
        }

        Tell(service, plan, before.Count > 0 && changed == pool.IsEmpty);

        // A node is named last and unnamed first: it takes what stands in the status.
        await ((moved && plan.Node is null) ? WriteAsync(key, BalancerStatus.AnnotationFor(null), null, cancellationToken) : Task.CompletedTask);
        await WriteAsync(key, BalancerStatus.PatchFor(service, plan.Addresses, condition), "status", cancellationToken);
        await ((moved && plan.Node is not null) ? WriteAsync(key, BalancerStatus.AnnotationFor(plan.Node), null, cancellationToken) : Task.CompletedTask);
        if (plan.IsAssigned && before.Count == 0)
        {
            Events.Record(service, Normal, "EnsuredLoadBalancer", "Ensured load balancer");
        }
    }

    private async Task RemoveAsync(ObjectKey key, V1Service service, CancellationToken cancellationToken)
    {
        Events.Record(service, Normal, "DeletingLoadBalancer", "Deleting load balancer");
        await WriteAsync(key, BalancerStatus.PatchFor(service, [], null), "status", cancellationToken);
        if (BalancedService.NodeOf(service) is not null)
        {
            await WriteAsync(key, BalancerStatus.AnnotationFor(null), null, cancellationToken);
        }

        Events.Record(service, Normal, "DeletedLoadBalancer", "Deleted load balancer");
    }

    private void Tell(V1Service service, BalancerPlan plan, bool isUpdate)
    {
        if (!plan.IsAssigned)
        {
            Events.Record(service, "Warning", "SyncLoadBalancerFailed", $"Error syncing load balancer: failed to ensure load balancer: {plan.Message}");
        }
        else if (isUpdate)
        {
            Events.Record(service, Normal, "UpdatedLoadBalancer", "Updated load balancer with new hosts");
        }
        else
        {
            Events.Record(service, Normal, "EnsuringLoadBalancer", "Ensuring load balancer");
        }
    }

    private async Task WriteAsync(ObjectKey key, Patch patch, string? subresource, CancellationToken cancellationToken)
    {
        try
        {
            writes.Wrote(await Client.PatchAsync<V1Service>(key, patch, subresource, cancellationToken));
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // It holds nothing any more.
        }
    }

    private HashSet<string> NodesWithEndpoints(ObjectKey key) => slices.ByIndex(SliceIndex.ByService, key.ToString())
        .SelectMany(slice => slice.Endpoints ?? [])
        .Where(endpoint => endpoint.Conditions?.Ready != false && endpoint.NodeName is not null)
        .Select(endpoint => endpoint.NodeName)
        .ToHashSet(StringComparer.Ordinal);

    private void OnService(ObjectChange<V1Service> change)
    {
        if (change is { Old: { } old, New: { } now })
        {
            TellChanges(old, now);
        }

        Queue.Add(change.Latest.Key());
        var isLess = change.Old is { } before && BalancedService.IsOurs(before)
            && (change.New is not { } after || !BalancedService.AddressesOf(before).SequenceEqual(BalancedService.AddressesOf(after), StringComparer.Ordinal)
                || !BalancedService.PortsOf(before).SequenceEqual(BalancedService.PortsOf(after)));
        if (isLess)
        {
            // What it had may be what another waits for.
            Enqueue(BalancerStatus.IsWaiting);
        }
    }

    private void TellChanges(V1Service old, V1Service now)
    {
        if (old.Spec.Type != now.Spec.Type && (BalancedService.IsOurs(old) || BalancedService.IsOurs(now)))
        {
            Events.Record(now, Normal, "Type", $"{old.Spec.Type} -> {now.Spec.Type}");
        }
        else if (BalancedService.IsOurs(now) && old.Spec.LoadBalancerIP != now.Spec.LoadBalancerIP)
        {
            Events.Record(now, Normal, "LoadBalancerIP", $"{old.Spec.LoadBalancerIP} -> {now.Spec.LoadBalancerIP}");
        }
    }

    private void OnNode(ObjectChange<V1Node> change)
    {
        if (change.Old is null || change.New is null || !BalancerNode.For(change.Old).IsSameAs(BalancerNode.For(change.New)))
        {
            Enqueue(_ => true);
        }
    }

    private void OnSlice(ObjectChange<V1EndpointSlice> change)
    {
        if (SliceIndex.KeyOf(change.Latest) is { } key && services.Get(key) is { } service && BalancedService.IsOurs(service) && BalancedService.IsLocal(service))
        {
            Queue.Add(key);
        }
    }

    private void Enqueue(Func<V1Service, bool> which)
    {
        foreach (var service in services.ByIndex(Balancers, "").Where(which))
        {
            Queue.Add(service.Key());
        }
    }
}
