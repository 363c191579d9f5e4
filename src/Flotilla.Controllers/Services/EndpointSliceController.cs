using System.Collections.Concurrent;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Keeps the EndpointSlices of every service with a selector.</summary>
internal sealed class EndpointSliceController : ServiceController
{
    private const string ByService = "service";
    private const string ZoneLabel = "topology.kubernetes.io/zone";

    private readonly Informer<V1EndpointSlice> slices;
    private readonly Informer<V1Node> nodes;
    private readonly RecentWrites<V1EndpointSlice> writes;
    private readonly TriggerTimes triggers = new();
    private readonly ConcurrentDictionary<(ObjectKey Service, string Family), string> told = new();

    public EndpointSliceController(ControllerContext context)
        : base(context, "endpoint-slice-controller", workers: 5, delay: TimeSpan.FromMilliseconds(10))
    {
        nodes = Watch<V1Node>();
        nodes.Subscribe(OnNode);
        slices = Watch<V1EndpointSlice>();
        slices.AddIndex(ByService, slice => IsManaged(slice) ? [ServiceOf(slice).ToString()] : []);
        writes = new RecentWrites<V1EndpointSlice>(slices, context.Time);
        slices.Subscribe(change =>
        {
            // Somebody else may have changed or removed it; our own writes find nothing to do.
            if (IsManaged(change.Latest))
            {
                Queue.AddAfter(ServiceOf(change.Latest), Pace.Of(ServiceOf(change.Latest)));
            }
        });
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (Services.Get(key) is not { } service)
        {
            Forget(key); // Deleted: the garbage collector removes what it owned.
            return;
        }

        if (!ServicePods.IsSelecting(service) || service.IsDeleting())
        {
            return;
        }

        var started = Time.GetTimestamp();
        var pods = PodsOf(service);
        var existing = writes.Over(slices.ByIndex(ByService, key.ToString()), slice => IsManaged(slice) && ServiceOf(slice) == key);
        var plan = EndpointSlicePlan.For(service, pods, existing, ZoneOf, triggers.Next(key, service, pods), ZoneHints.AreWanted(service) ? ZoneShares.For(nodes.List()) : null);
        Pace.Looked(key, started);
        Tell(key, service, plan.HintsByFamily);
        foreach (var slice in plan.Create)
        {
            writes.Wrote(await Client.CreateAsync(slice, cancellationToken));
        }

        foreach (var slice in plan.Update)
        {
            writes.Wrote(await Client.UpdateAsync(slice with { ApiVersion = "discovery.k8s.io/v1", Kind = "EndpointSlice" }, cancellationToken));
        }

        foreach (var slice in plan.Delete)
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    private void Forget(ObjectKey key)
    {
        Pace.Forget(key);
        triggers.Forget(key);
        foreach (var known in told.Keys.Where(known => known.Service == key))
        {
            told.TryRemove(known, out _);
        }
    }

    /// <summary>Once, until it is another.</summary>
    private void Tell(ObjectKey key, V1Service service, IReadOnlyList<(string Family, string? Refusal)> hints)
    {
        foreach (var (family, refusal) in hints)
        {
            var message = $"{refusal ?? ZoneHints.Enabled}, addressType: {family}";
            if (told.TryGetValue((key, family), out var before) && before == message)
            {
                continue;
            }

            told[(key, family)] = message;
            Events.Record(service, refusal is null ? "Normal" : "Warning", refusal is null ? "TopologyAwareHintsEnabled" : "TopologyAwareHintsDisabled", message);
        }
    }

    private void OnNode(ObjectChange<V1Node> change)
    {
        if (ZoneShares.AreSame(change.Old, change.New))
        {
            return;
        }

        foreach (var service in Services.List().Where(ZoneHints.AreWanted))
        {
            Queue.Add(service.Key());
        }
    }

    private async Task DeleteAsync(V1EndpointSlice slice, CancellationToken cancellationToken)
    {
        try
        {
            await Client.DeleteAsync<V1EndpointSlice>(slice.Key(), null, cancellationToken);
            writes.Deleted(slice);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            writes.Deleted(slice);
        }
    }

    private string? ZoneOf(string node) =>
        nodes.Get(new ObjectKey(null, node))?.Metadata.Labels is { } labels && labels.TryGetValue(ZoneLabel, out var zone) ? zone : null;

    private static bool IsManaged(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels
        && labels.TryGetValue(EndpointSlicePlan.ManagedBy, out var manager)
        && manager == EndpointSlicePlan.Manager
        && labels.ContainsKey(EndpointSlicePlan.ServiceName);

    private static ObjectKey ServiceOf(V1EndpointSlice slice) =>
        new(slice.Metadata.NamespaceProperty, slice.Metadata.Labels[EndpointSlicePlan.ServiceName]);
}
