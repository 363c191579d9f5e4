using System.Text;
using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Linux.Mounts;
using Flotilla.Node.Csi.Api;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Volumes;
using Flotilla.Node.Volumes.Kinds;
using Grpc.Core;
using k8s.Models;

namespace Flotilla.Node.Csi;

/// <summary>Volumes that a storage driver of this node mounts: staged once for the node, published for each pod.</summary>
internal sealed class CsiVolumes(NodeOptions options, IObjectClient client, CsiDrivers drivers, CsiTokens tokens, CsiExpansion expansion, VolumesInUse inUse, TimeProvider time) : IVolumeKind
{
    private const string Plugin = "kubernetes.io/csi";
    private static readonly TimeSpan AttachTimeout = TimeSpan.FromMinutes(2);
    private static readonly TimeSpan ReportTimeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan AttachLook = TimeSpan.FromMilliseconds(500);

    // Whether a volume is the last of its kind on the node must not be asked by two at once.
    private readonly SemaphoreSlim staging = new(1, 1);

    public bool Recurs => true;

    public bool Serves(VolumeRequest request) => request.Persistent is { } persistent ? persistent.Spec.Csi is not null : request.Volume.Csi is not null;

    public async Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var name = request.Persistent?.Spec.Csi.Driver ?? request.Volume.Csi.Driver;
        var driver = drivers.Find(name)
            ?? throw new VolumeException($"{Plugin}: mounter.SetUpAt failed to get CSI client: driver name {name} not found in the list of registered CSI drivers");
        var mount = new CsiMount(options, request, driver, await DescribedAsync(name, cancellationToken));
        CheckLifecycle(mount);
        try
        {
            await MountAsync(mount, cancellationToken);
        }
        catch (RpcException failure)
        {
            throw new VolumeException($"rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}", failure);
        }
        return new MountedVolume(mount.TargetPath) { IsReadOnly = mount.IsReadOnly, IsBlock = request.IsBlock };
    }

    public async Task UnmountAsync(string podUid, CancellationToken cancellationToken)
    {
        tokens.Forget(podUid);
        foreach (var (directory, record) in CsiRecord.OfPod(options, podUid).ToList())
        {
            try
            {
                await UnmountAsync(directory, record, cancellationToken);
            }
            catch (RpcException failure)
            {
                throw new VolumeException($"rpc error: code = {failure.StatusCode} desc = {failure.Status.Detail}", failure);
            }
        }
        var pod = Path.Combine(options.KubeletDirectory, "pods", podUid);
        if (Directory.Exists(pod) && MountTable.Below(pod).Count == 0)
        {
            Directory.Delete(pod, recursive: true);
        }
    }

    private async Task MountAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        if (MountTable.Has(mount.TargetPath))
        {
            if (mount.Described?.Spec.RequiresRepublish == true)
            {
                await PublishAsync(mount, await AttachedAsync(mount, cancellationToken), cancellationToken);
            }
        }
        else
        {
            var context = await AttachedAsync(mount, cancellationToken);
            mount.Record.Write(mount.RecordDirectory);
            await ReportAsync(mount, cancellationToken);
            await StageAsync(mount, context, cancellationToken);
            await PublishAsync(mount, context, cancellationToken);
            if (mount.GroupByDriver == false)
            {
                Ownership.Apply(mount.TargetPath, mount.Request.Group, mount.IsReadOnly, mount.Request.ChangesGroupOnMismatchOnly);
            }
        }
        await expansion.ExpandAsync(mount, await SecretAsync(mount.ExpandSecret, cancellationToken), cancellationToken);
    }

    private async Task ReportAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        if (!mount.MustAttach)
        {
            return;
        }
        using var bounded = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await using var timer = time.CreateTimer(_ => bounded.Cancel(), null, ReportTimeout, Timeout.InfiniteTimeSpan);
        try
        {
            await inUse.WaitUntilReportedAsync(CsiNames.Unique(mount.Driver.Name, mount.Handle), bounded.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new VolumeException("Volume has not been added to the list of VolumesInUse in the node's volume status");
        }
    }

    private async Task StageAsync(CsiMount mount, IDictionary<string, string> context, CancellationToken cancellationToken)
    {
        if (!mount.Stages)
        {
            return;
        }
        await staging.WaitAsync(cancellationToken);
        try
        {
            Directory.CreateDirectory(mount.StagingPath);
            var request = new NodeStageVolumeRequest { VolumeId = mount.Handle, StagingTargetPath = mount.StagingPath, VolumeCapability = mount.Capability };
            request.PublishContext.Add(context);
            request.VolumeContext.Add(mount.Attributes);
            request.Secrets.Add(await SecretAsync(mount.StageSecret, cancellationToken));
            await mount.Driver.Node.NodeStageVolumeAsync(request, CsiDriver.Call(cancellationToken));
        }
        finally
        {
            staging.Release();
        }
    }

    private async Task PublishAsync(CsiMount mount, IDictionary<string, string> context, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(mount.TargetPath)!);
        var request = new NodePublishVolumeRequest
        {
            VolumeId = mount.Handle,
            StagingTargetPath = mount.Stages ? mount.StagingPath : "",
            TargetPath = mount.TargetPath,
            VolumeCapability = mount.Capability,
            Readonly = mount.IsReadOnly,
        };
        request.PublishContext.Add(context);
        request.VolumeContext.Add(mount.Attributes);
        foreach (var (key, value) in mount.PodAttributes.Concat(await tokens.ForAsync(mount, cancellationToken)))
        {
            request.VolumeContext[key] = value;
        }
        request.Secrets.Add(await SecretAsync(mount.PublishSecret, cancellationToken));
        await mount.Driver.Node.NodePublishVolumeAsync(request, CsiDriver.Call(cancellationToken));
    }

    /// <returns>What the attacher has to say to the driver.</returns>
    private async Task<IDictionary<string, string>> AttachedAsync(CsiMount mount, CancellationToken cancellationToken)
    {
        if (!mount.MustAttach)
        {
            return new Dictionary<string, string>(StringComparer.Ordinal);
        }
        var start = time.GetTimestamp();
        while (true)
        {
            var status = await AttachmentAsync(mount.Attachment, cancellationToken);
            if (status?.Attached == true)
            {
                return status.AttachmentMetadata ?? new Dictionary<string, string>(StringComparer.Ordinal);
            }
            if (status?.AttachError?.Message is { Length: > 0 } fault)
            {
                throw new VolumeException(fault);
            }
            if (time.GetElapsedTime(start) > AttachTimeout)
            {
                throw new VolumeException($"timed out waiting for external-attacher of {mount.Driver.Name} CSI driver to attach volume {mount.Handle}");
            }
            await Task.Delay(AttachLook, time, cancellationToken);
        }
    }

    private async Task<V1VolumeAttachmentStatus?> AttachmentAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await client.GetAsync<V1VolumeAttachment>(new ObjectKey(null, name), cancellationToken)).Status;
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }

    private async Task UnmountAsync(string directory, CsiRecord record, CancellationToken cancellationToken)
    {
        var driver = drivers.Find(record.Driver)
            ?? throw new VolumeException($"{Plugin}: driver name {record.Driver} not found in the list of registered CSI drivers");
        await driver.Node.NodeUnpublishVolumeAsync(
            new NodeUnpublishVolumeRequest { VolumeId = record.VolumeHandle, TargetPath = record.TargetPath }, CsiDriver.Call(cancellationToken));
        await staging.WaitAsync(cancellationToken);
        try
        {
            if (record.StagingPath is not null && CsiRecord.All(options).Count(other => other.Driver == record.Driver && other.VolumeHandle == record.VolumeHandle) == 1)
            {
                await driver.Node.NodeUnstageVolumeAsync(
                    new NodeUnstageVolumeRequest { VolumeId = record.VolumeHandle, StagingTargetPath = record.StagingPath }, CsiDriver.Call(cancellationToken));
                RemoveEmpty(record.StagingPath);
            }
            RemoveEmpty(record.TargetPath);
            // The record goes last: as long as it is there, all of this is done again.
            Directory.Delete(directory, recursive: true);
        }
        finally
        {
            staging.Release();
        }
        inUse.Changed();
    }

    // Drivers remove what they made; those that forget it leave an empty directory or file.
    private static void RemoveEmpty(string path)
    {
        if (MountTable.Below(path).Count > 0)
        {
            throw new VolumeException($"{path} is still mounted");
        }
        if (Directory.Exists(path))
        {
            Directory.Delete(path);
        }
        else
        {
            File.Delete(path);
        }
    }

    private static void CheckLifecycle(CsiMount mount)
    {
        var wanted = mount.IsInline ? "Ephemeral" : "Persistent";
        var supported = mount.Described?.Spec.VolumeLifecycleModes is { Count: > 0 } modes ? modes : ["Persistent"];
        if (!supported.Contains(wanted))
        {
            var list = string.Join(' ', supported.Select(mode => $"\"{mode}\""));
            throw new VolumeException($"{Plugin}: mounter.SetUpAt failed to check volume lifecycle mode: volume mode \"{wanted}\" not supported by driver {mount.Driver.Name} (only supports [{list}])");
        }
    }

    private async Task<V1CSIDriver?> DescribedAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            return await client.GetAsync<V1CSIDriver>(new ObjectKey(null, name), cancellationToken);
        }
        catch (ApiException missing) when (missing.IsNotFound)
        {
            return null;
        }
    }

    private async Task<Dictionary<string, string>> SecretAsync(V1SecretReference? reference, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return [];
        }
        var secret = await client.GetAsync<V1Secret>(new ObjectKey(reference.NamespaceProperty, reference.Name), cancellationToken);
        return (secret.Data ?? new Dictionary<string, byte[]>(StringComparer.Ordinal))
            .ToDictionary(pair => pair.Key, pair => Encoding.UTF8.GetString(pair.Value), StringComparer.Ordinal);
    }
}
