using System.Diagnostics;
using Flotilla.Node.Csi.Api;
using Grpc.Core;

namespace Flotilla.CsiDriver;

/// <summary>Stages by a bind mount and publishes by another one, with mount(8); inline volumes are directories of their own.</summary>
internal sealed class NodeService(DriverOptions options, Calls calls) : Node.Csi.Api.Node.NodeBase
{
    public override Task<NodeGetInfoResponse> NodeGetInfo(NodeGetInfoRequest request, ServerCallContext context)
    {
        var answer = new NodeGetInfoResponse { NodeId = options.NodeId, MaxVolumesPerNode = 20, AccessibleTopology = new Topology() };
        answer.AccessibleTopology.Segments.Add($"{options.Name}/node", options.NodeId);
        return Task.FromResult(answer);
    }

    public override Task<NodeGetCapabilitiesResponse> NodeGetCapabilities(NodeGetCapabilitiesRequest request, ServerCallContext context)
    {
        var answer = new NodeGetCapabilitiesResponse();
        foreach (var type in (NodeServiceCapability.Types.RPC.Types.Type[])
            [NodeServiceCapability.Types.RPC.Types.Type.StageUnstageVolume, NodeServiceCapability.Types.RPC.Types.Type.ExpandVolume])
        {
            answer.Capabilities.Add(new NodeServiceCapability { Rpc = new NodeServiceCapability.Types.RPC { Type = type } });
        }
        return Task.FromResult(answer);
    }

    public override async Task<NodeStageVolumeResponse> NodeStageVolume(NodeStageVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        if (!Directory.Exists(options.Volume(request.VolumeId)))
        {
            throw new RpcException(new Status(StatusCode.NotFound, $"volume {request.VolumeId} does not exist"));
        }
        if (request.VolumeCapability.Block is not null)
        {
            return new NodeStageVolumeResponse();
        }
        await MountAsync(options.Volume(request.VolumeId), request.StagingTargetPath, isReadOnly: false);
        return new NodeStageVolumeResponse();
    }

    public override async Task<NodeUnstageVolumeResponse> NodeUnstageVolume(NodeUnstageVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        await UnmountAsync(request.StagingTargetPath);
        return new NodeUnstageVolumeResponse();
    }

    public override async Task<NodePublishVolumeResponse> NodePublishVolume(NodePublishVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        if (request.VolumeCapability.Block is not null)
        {
            await PublishDeviceAsync(request.VolumeId, request.TargetPath);
            return new NodePublishVolumeResponse();
        }
        var source = request.StagingTargetPath;
        if (source.Length == 0)
        {
            source = Directory.CreateDirectory(options.Volume(request.VolumeId)).FullName;
            var known = request.VolumeContext.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => $"{pair.Key}={pair.Value}\n");
            await File.WriteAllTextAsync(Path.Combine(source, "context"), string.Concat(known), context.CancellationToken);
        }
        Directory.CreateDirectory(request.TargetPath);
        await MountAsync(source, request.TargetPath, request.Readonly);
        return new NodePublishVolumeResponse();
    }

    public override async Task<NodeUnpublishVolumeResponse> NodeUnpublishVolume(NodeUnpublishVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        await UnmountAsync(request.TargetPath);
        if (Directory.Exists(request.TargetPath))
        {
            Directory.Delete(request.TargetPath);
        }
        File.Delete(request.TargetPath);
        if (File.Exists(ImageOf(request.VolumeId)) && (await RunAsync("losetup", "--associated", ImageOf(request.VolumeId))).Split(':') is [{ Length: > 0 } device, ..])
        {
            await RunAsync("losetup", "--detach", device);
        }
        return new NodeUnpublishVolumeResponse();
    }

    private string ImageOf(string volumeId) => Path.Combine(options.Volume(volumeId), "disk.img");

    // A block volume is a file behind a loop device, whose node is what the pod gets.
    private async Task PublishDeviceAsync(string volumeId, string target)
    {
        const int bytes = 1 << 20;
        if (!File.Exists(ImageOf(volumeId)))
        {
            await File.WriteAllBytesAsync(ImageOf(volumeId), new byte[bytes]);
        }
        if (!IsMounted(target))
        {
            var device = await RunAsync("losetup", "--find", "--show", ImageOf(volumeId));
            await File.WriteAllBytesAsync(target, []);
            await RunAsync("mount", "--bind", device.Trim(), target);
        }
    }

    public override Task<NodeExpandVolumeResponse> NodeExpandVolume(NodeExpandVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        return Task.FromResult(new NodeExpandVolumeResponse { CapacityBytes = request.CapacityRange.RequiredBytes });
    }

    private static async Task MountAsync(string source, string target, bool isReadOnly)
    {
        if (!IsMounted(target))
        {
            await RunAsync("mount", "--bind", source, target);
            if (isReadOnly)
            {
                await RunAsync("mount", "-o", "remount,bind,ro", target);
            }
        }
    }

    private static Task UnmountAsync(string target) => IsMounted(target) ? RunAsync("umount", target) : Task.CompletedTask;

    private static bool IsMounted(string target) => File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == target);

    /// <returns>What it writes.</returns>
    private static async Task<string> RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true })!;
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"{program} {string.Join(' ', arguments)} failed"));
        }
        return output;
    }
}
