using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Node.Csi.Api;
using k8s.Models;

namespace Flotilla.Node.Csi;

/// <summary>The node's part when a volume has grown: the driver grows what is on it, then the claim may say so.</summary>
internal sealed class CsiExpansion(NodeOptions options, IObjectClient client, EventRecorder events)
{
    private static readonly string[] Done = ["FileSystemResizePending", "Resizing"];

    public async Task ExpandAsync(CsiMount mount, Dictionary<string, string> secrets, CancellationToken cancellationToken)
    {
        if (mount.Request is not { Persistent: { } volume, Claim: { } claim } || !mount.Driver.Expands || mount.IsReadOnly)
        {
            return;
        }
        var has = claim.Status?.Capacity is { } capacity && capacity.TryGetValue("storage", out var size) ? size.ToDecimal() : 0;
        if (has == 0 || volume.CapacityBytes() <= has)
        {
            return;
        }
        var request = new NodeExpandVolumeRequest
        {
            VolumeId = mount.Handle,
            VolumePath = mount.TargetPath,
            StagingTargetPath = mount.Stages ? mount.StagingPath : "",
            CapacityRange = new CapacityRange { RequiredBytes = (long)volume.CapacityBytes() },
            VolumeCapability = mount.Capability,
        };
        request.Secrets.Add(secrets);
        await mount.Driver.Node.NodeExpandVolumeAsync(request, CsiDriver.Call(cancellationToken));
        var status = claim.Status! with
        {
            Capacity = volume.Spec.Capacity,
            AllocatedResourceStatuses = null,
            Conditions = [.. (claim.Status.Conditions ?? []).Where(condition => !Done.Contains(condition.Type, StringComparer.Ordinal))],
        };
        await client.UpdateStatusAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Status = status }, cancellationToken);
        var message = $"MountVolume.NodeExpandVolume succeeded for volume \"{volume.Metadata.Name}\" {options.NodeName}";
        events.Record(mount.Request.Pod, "Normal", "FileSystemResizeSuccessful", message);
        events.Record(claim, "Normal", "FileSystemResizeSuccessful", message);
    }
}
