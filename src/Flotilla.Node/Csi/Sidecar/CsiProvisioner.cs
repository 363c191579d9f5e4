using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Node.Csi.Api;
using Flotilla.Node.Volumes;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Csi.Sidecar;

/// <summary>Makes, grows and deletes volumes by the controller service of a driver, and writes what the cluster is to know of them.</summary>
internal sealed class CsiProvisioner(IObjectClient client, EventRecorder events)
{
    private const string FileSystemParameter = "csi.storage.k8s.io/fstype";

    public async Task CreateAsync(V1PersistentVolumeClaim claim, V1StorageClass storageClass, CsiDriver driver, CancellationToken cancellationToken)
    {
        events.Record(claim, "Normal", "Provisioning", $"External provisioner is provisioning volume for claim \"{claim.Key()}\"");
        try
        {
            var made = (await driver.Controller.CreateVolumeAsync(RequestFor(claim, storageClass, driver), CsiDriver.Call(cancellationToken))).Volume;
            await client.CreateAsync(VolumeFor(claim, storageClass, driver, made), cancellationToken);
            events.Record(claim, "Normal", "ProvisioningSucceeded", $"Successfully provisioned volume {ProvisionedVolume.NameFor(claim)}");
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // Made before; the cache shows it soon.
        }
        catch (RpcException failure)
        {
            events.Record(claim, "Warning", "ProvisioningFailed", $"failed to provision volume with StorageClass \"{storageClass.Metadata.Name}\": {Text(failure)}");
            if (failure.StatusCode == StatusCode.ResourceExhausted && claim.Metadata.Annotation(VolumeAnnotations.SelectedNode) is not null)
            {
                await GiveUpNodeAsync(claim, cancellationToken);
                return;
            }
            throw;
        }
    }

    public async Task DeleteAsync(V1PersistentVolume volume, CsiDriver driver, CancellationToken cancellationToken)
    {
        try
        {
            await driver.Controller.DeleteVolumeAsync(new DeleteVolumeRequest { VolumeId = volume.Spec.Csi.VolumeHandle }, CsiDriver.Call(cancellationToken));
        }
        catch (RpcException failure)
        {
            events.Record(volume, "Warning", "VolumeFailedDelete", Text(failure));
            throw;
        }
        var same = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = volume.Metadata.Uid } };
        await client.DeleteAsync<V1PersistentVolume>(volume.Key(), same, cancellationToken);
    }

    /// <summary>The volume itself; what is on it is grown by the node where it is mounted, if the driver says that it must be.</summary>
    public async Task GrowAsync(V1PersistentVolumeClaim claim, V1PersistentVolume volume, CsiDriver driver, CancellationToken cancellationToken)
    {
        var wanted = claim.Spec.Resources.Requests["storage"];
        if (volume.CapacityBytes() >= wanted.ToDecimal())
        {
            return;
        }
        events.Record(claim, "Normal", "Resizing", $"External resizer is resizing volume {volume.Metadata.Name}");
        var answer = await driver.Controller.ControllerExpandVolumeAsync(
            new ControllerExpandVolumeRequest { VolumeId = volume.Spec.Csi.VolumeHandle, CapacityRange = new CapacityRange { RequiredBytes = (long)wanted.ToDecimal() } },
            CsiDriver.Call(cancellationToken));
        var capacity = new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal) { ["storage"] = wanted };
        await client.UpdateAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume", Spec = volume.Spec with { Capacity = capacity } }, cancellationToken);
        var status = answer.NodeExpansionRequired
            ? claim.Status with { AllocatedResources = capacity, AllocatedResourceStatuses = Pending(), Conditions = [Waiting()] }
            : claim.Status with { Capacity = capacity, Conditions = null };
        await client.UpdateStatusAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Status = status }, cancellationToken);
        events.Record(
            claim,
            "Normal",
            answer.NodeExpansionRequired ? "FileSystemResizeRequired" : "VolumeResizeSuccessful",
            answer.NodeExpansionRequired ? "Require file system resize of volume on node" : "Resize volume succeeded");
    }

    private static Dictionary<string, string> Pending() => new(StringComparer.Ordinal) { ["storage"] = "NodeResizePending" };

    private static V1PersistentVolumeClaimCondition Waiting() => new()
    {
        Type = "FileSystemResizePending",
        Status = "True",
        LastTransitionTime = DateTime.UtcNow,
        Message = "Waiting for user to (re-)start a pod to finish file system resize of volume on node.",
    };

    // The scheduler looks for another node.
    private Task GiveUpNodeAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        var annotations = claim.Metadata.Annotations.Where(pair => pair.Key != VolumeAnnotations.SelectedNode).ToDictionary(StringComparer.Ordinal);
        return client.UpdateAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = claim.Metadata with { Annotations = annotations } }, cancellationToken);
    }

    private static CreateVolumeRequest RequestFor(V1PersistentVolumeClaim claim, V1StorageClass storageClass, CsiDriver driver)
    {
        var request = new CreateVolumeRequest { Name = ProvisionedVolume.NameFor(claim), CapacityRange = new CapacityRange { RequiredBytes = (long)claim.RequestedBytes() } };
        var capability = new VolumeCapability { AccessMode = new VolumeCapability.Types.AccessMode { Mode = VolumeCapability.Types.AccessMode.Types.Mode.SingleNodeWriter } };
        if (claim.IsBlock())
        {
            capability.Block = new VolumeCapability.Types.BlockVolume();
        }
        else
        {
            capability.Mount = new VolumeCapability.Types.MountVolume { FsType = FileSystem(storageClass) ?? "" };
            capability.Mount.MountFlags.Add(storageClass.MountOptions ?? []);
        }
        request.VolumeCapabilities.Add(capability);
        request.Parameters.Add((storageClass.Parameters ?? new Dictionary<string, string>(StringComparer.Ordinal))
            .Where(pair => !pair.Key.StartsWith("csi.storage.k8s.io/", StringComparison.Ordinal)).ToDictionary(StringComparer.Ordinal));
        if (driver.Topology.Count > 0)
        {
            var here = new Topology();
            here.Segments.Add(new Dictionary<string, string>(driver.Topology, StringComparer.Ordinal));
            request.AccessibilityRequirements = new TopologyRequirement();
            request.AccessibilityRequirements.Requisite.Add(here);
            request.AccessibilityRequirements.Preferred.Add(here);
        }
        return request;
    }

    private static V1PersistentVolume VolumeFor(V1PersistentVolumeClaim claim, V1StorageClass storageClass, CsiDriver driver, Api.Volume made)
    {
        var volume = ProvisionedVolume.For(claim, storageClass, driver.Name);
        if (made.CapacityBytes > claim.RequestedBytes())
        {
            volume.Spec.Capacity["storage"] = new ResourceQuantity($"{made.CapacityBytes}");
        }
        volume.Spec.Csi = new V1CSIPersistentVolumeSource
        {
            Driver = driver.Name,
            VolumeHandle = made.VolumeId,
            FsType = FileSystem(storageClass),
            VolumeAttributes = made.VolumeContext.Count == 0 ? null : made.VolumeContext,
        };
        volume.Spec.NodeAffinity = AffinityFor(made);
        return volume;
    }

    private static V1VolumeNodeAffinity? AffinityFor(Api.Volume made) => made.AccessibleTopology.Count == 0
        ? null
        : new V1VolumeNodeAffinity
        {
            Required = new V1NodeSelector
            {
                NodeSelectorTerms =
                [
                    .. made.AccessibleTopology.Select(topology => new V1NodeSelectorTerm
                    {
                        MatchExpressions = [.. topology.Segments.Select(segment => new V1NodeSelectorRequirement { Key = segment.Key, OperatorProperty = "In", Values = [segment.Value] })],
                    }),
                ],
            },
        };

    private static string? FileSystem(V1StorageClass storageClass) =>
        storageClass.Parameters is { } parameters && parameters.TryGetValue(FileSystemParameter, out var type) ? type : null;

    private static string Text(RpcException failure) => $"rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}";
}
