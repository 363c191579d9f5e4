using Flotilla.Api.Volumes;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Node.Volumes.Local;

/// <summary>
/// Lets a claim on a local volume grow: the volume first, so that the claim never promises more than there is.
/// A directory has no size of its own; a block volume's file is lengthened.
/// </summary>
internal sealed class LocalExpansion(IObjectClient client, EventRecorder events)
{
    public async Task GrowAsync(V1PersistentVolumeClaim claim, V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        var wanted = claim.Spec.Resources.Requests["storage"];
        var has = claim.Status.Capacity is { } capacity && capacity.TryGetValue("storage", out var size) ? size.ToDecimal() : 0;
        if (has >= wanted.ToDecimal())
        {
            return;
        }
        events.Record(claim, "Normal", "Resizing", $"External resizer is resizing volume {volume.Metadata.Name}");
        if (volume.IsBlock())
        {
            LocalStorage.Resize(volume.Spec.Local.Path, wanted.ToDecimal());
        }
        if (volume.CapacityBytes() < wanted.ToDecimal())
        {
            var grown = volume.Spec with { Capacity = With(volume.Spec.Capacity, wanted) };
            await client.UpdateAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume", Spec = grown }, cancellationToken);
        }
        var status = claim.Status with { Capacity = With(claim.Status.Capacity, wanted), Conditions = null, AllocatedResources = null, AllocatedResourceStatuses = null };
        await client.UpdateStatusAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Status = status }, cancellationToken);
        events.Record(claim, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
    }

    private static Dictionary<string, ResourceQuantity> With(IDictionary<string, ResourceQuantity>? capacity, ResourceQuantity size) =>
        new(capacity ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal), StringComparer.Ordinal) { ["storage"] = size };
}
