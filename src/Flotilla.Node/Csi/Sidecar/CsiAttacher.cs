using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Csi.Api;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Csi.Sidecar;

/// <summary>Attaches volumes to this node and detaches them, by the controller service of their driver.</summary>
internal sealed class CsiAttacher(IObjectClient client, Informer<V1PersistentVolume> volumes, TimeProvider time)
{
    public async Task ReconcileAsync(V1VolumeAttachment attachment, CsiDriver driver, CancellationToken cancellationToken)
    {
        var finalizer = $"external-attacher/{driver.Name.Replace('.', '-')}";
        var isHeld = attachment.Metadata.Finalizers?.Contains(finalizer) == true;
        if (attachment.Metadata.DeletionTimestamp is not null)
        {
            if (isHeld)
            {
                await DetachAsync(attachment, driver, finalizer, cancellationToken);
            }
        }
        else if (!isHeld)
        {
            // First the hold, then the call: what may be attached must be detached.
            await WriteAsync(attachment, [.. attachment.Metadata.Finalizers ?? [], finalizer], cancellationToken);
        }
        else if (attachment.Status?.Attached != true)
        {
            await AttachAsync(attachment, driver, cancellationToken);
        }
    }

    private async Task AttachAsync(V1VolumeAttachment attachment, CsiDriver driver, CancellationToken cancellationToken)
    {
        if (volumes.Get(new ObjectKey(null, attachment.Spec.Source.PersistentVolumeName ?? ""))?.Spec is not { Csi: { } source } spec)
        {
            await SetStatusAsync(attachment, Failed("could not find the persistent volume"), cancellationToken);
            return;
        }
        try
        {
            var request = new ControllerPublishVolumeRequest
            {
                VolumeId = source.VolumeHandle,
                NodeId = driver.NodeId,
                Readonly = source.ReadOnlyProperty == true,
                VolumeCapability = new VolumeCapability
                {
                    AccessMode = new VolumeCapability.Types.AccessMode { Mode = VolumeCapability.Types.AccessMode.Types.Mode.SingleNodeWriter },
                    Mount = new VolumeCapability.Types.MountVolume { FsType = source.FsType ?? "" },
                },
            };
            if (spec.VolumeMode == "Block")
            {
                request.VolumeCapability.Block = new VolumeCapability.Types.BlockVolume();
            }
            request.VolumeContext.Add(source.VolumeAttributes ?? new Dictionary<string, string>(StringComparer.Ordinal));
            var answer = await driver.Controller.ControllerPublishVolumeAsync(request, CsiDriver.Call(cancellationToken));
            await SetStatusAsync(attachment, new V1VolumeAttachmentStatus { Attached = true, AttachmentMetadata = answer.PublishContext.Count == 0 ? null : answer.PublishContext }, cancellationToken);
        }
        catch (RpcException failure)
        {
            await SetStatusAsync(attachment, Failed(Text(failure)), cancellationToken);
            throw;
        }
    }

    private async Task DetachAsync(V1VolumeAttachment attachment, CsiDriver driver, string finalizer, CancellationToken cancellationToken)
    {
        if (volumes.Get(new ObjectKey(null, attachment.Spec.Source.PersistentVolumeName ?? ""))?.Spec.Csi is { } source)
        {
            await driver.Controller.ControllerUnpublishVolumeAsync(
                new ControllerUnpublishVolumeRequest { VolumeId = source.VolumeHandle, NodeId = driver.NodeId }, CsiDriver.Call(cancellationToken));
        }
        await WriteAsync(attachment, [.. attachment.Metadata.Finalizers.Where(name => name != finalizer)], cancellationToken);
    }

    private V1VolumeAttachmentStatus Failed(string message) => new()
    {
        Attached = false,
        AttachError = new V1VolumeError { Message = message, Time = time.GetUtcNow().UtcDateTime },
    };

    private Task WriteAsync(V1VolumeAttachment attachment, IList<string> finalizers, CancellationToken cancellationToken) => client.UpdateAsync(
        attachment with { ApiVersion = "storage.k8s.io/v1", Kind = "VolumeAttachment", Metadata = attachment.Metadata with { Finalizers = finalizers } }, cancellationToken);

    private Task SetStatusAsync(V1VolumeAttachment attachment, V1VolumeAttachmentStatus status, CancellationToken cancellationToken) =>
        client.UpdateStatusAsync(attachment with { ApiVersion = "storage.k8s.io/v1", Kind = "VolumeAttachment", Status = status }, cancellationToken);

    private static string Text(RpcException failure) => $"rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}";
}
