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
        return new NodeUnpublishVolumeResponse();
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

    private static async Task RunAsync(string program, params string[] arguments)
    {
        using var process = Process.Start(program, arguments);
        await process.WaitForExitAsync();
        if (process.ExitCode != 0)
        {
            throw new RpcException(new Status(StatusCode.Internal, $"{program} {string.Join(' ', arguments)} failed"));
        }
    }
}
