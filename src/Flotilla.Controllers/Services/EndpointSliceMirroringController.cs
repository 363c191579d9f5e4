using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.Services;

/// <summary>Copies Endpoints that somebody keeps by hand, for a service without a selector, into EndpointSlices.</summary>
internal sealed class EndpointSliceMirroringController : Controller
{
    private readonly Informer<V1Endpoints> endpoints;
    private readonly Informer<V1Service> services;
    private readonly Informer<V1EndpointSlice> slices;
    private readonly RecentWrites<V1EndpointSlice> writes;

    public EndpointSliceMirroringController(ControllerContext context)
        : base(context, "endpoint-slice-mirroring-controller", workers: 5)
    {
        endpoints = WatchAndEnqueue<V1Endpoints>();
        services = WatchAndEnqueue<V1Service>();
        slices = Watch<V1EndpointSlice>();
        slices.AddIndex("mirror", slice => NameOf(slice) is { } name ? [new ObjectKey(slice.Metadata.NamespaceProperty, name).ToString()] : []);
        slices.Subscribe(change =>
        {
            if (NameOf(change.Latest) is { } name)
            {
                Queue.Add(new ObjectKey(change.Latest.Metadata.NamespaceProperty, name));
            }
        });
        writes = new RecentWrites<V1EndpointSlice>(slices, context.Time);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var wanted = endpoints.Get(key) is { } source && services.Get(key) is { } service
            && MirroredSlicePlan.IsMirrored(source) && MirroredSlicePlan.IsMirrored(service)
                ? MirroredSlicePlan.For(source)
                : [];
        var known = writes.Over(slices.ByIndex("mirror", key.ToString()), slice => NameOf(slice) == key.Name && slice.Metadata.NamespaceProperty == key.Namespace);
        var left = known.ToList();
        foreach (var slice in wanted)
        {
            var same = left.Find(other => MirroredSlicePlan.Identity(other) == MirroredSlicePlan.Identity(slice));
            if (same is not null)
            {
                left.Remove(same);
            }

            await WriteAsync(slice, same, cancellationToken);
        }

        foreach (var slice in left)
        {
            await DeleteAsync(slice, cancellationToken);
        }
    }

    private async Task WriteAsync(V1EndpointSlice wanted, V1EndpointSlice? same, CancellationToken cancellationToken)
    {
        if (same is null)
        {
            try
            {
                writes.Wrote(await Client.CreateAsync(wanted, cancellationToken));
            }
            catch (ApiException ending) when (ending.IsNamespaceEnding())
            {
                // Nothing new may be made any more.
            }

            return;
        }

        var metadata = same.Metadata with { Labels = wanted.Metadata.Labels, Annotations = wanted.Metadata.Annotations };
        if (!AreSame(same.Endpoints, wanted.Endpoints) || !AreSame(same.Metadata.Labels, metadata.Labels) || !AreSame(same.Metadata.Annotations, metadata.Annotations))
        {
            writes.Wrote(await Client.UpdateAsync(wanted with { Metadata = metadata }, cancellationToken));
        }
    }

    private async Task DeleteAsync(V1EndpointSlice slice, CancellationToken cancellationToken)
    {
        try
        {
            await Client.DeleteAsync<V1EndpointSlice>(slice.Key(), null, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // As wanted.
        }

        writes.Deleted(slice);
    }

    private static bool AreSame(object? left, object? right) =>
        JsonNode.DeepEquals(JsonNode.Parse(ObjectJson.Encode(left)), JsonNode.Parse(ObjectJson.Encode(right)));

    private static string? NameOf(V1EndpointSlice slice) =>
        slice.Metadata.Labels is { } labels
        && labels.TryGetValue(EndpointSlicePlan.ManagedBy, out var manager)
        && manager == MirroredSlicePlan.Manager
        && labels.TryGetValue(EndpointSlicePlan.ServiceName, out var name)
            ? name
            : null;
}
