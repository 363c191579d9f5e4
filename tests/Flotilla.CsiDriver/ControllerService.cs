using Flotilla.Node.Csi.Api;
using Grpc.Core;

namespace Flotilla.CsiDriver;

/// <summary>Volumes are directories. What is larger than a tebibyte is more than there is.</summary>
internal sealed class ControllerService(DriverOptions options, Calls calls) : Controller.ControllerBase
{
    private const long Limit = 1L << 40;

    public override Task<CreateVolumeResponse> CreateVolume(CreateVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        if (request.CapacityRange.RequiredBytes > Limit)
        {
            throw new RpcException(new Status(StatusCode.OutOfRange, "no disk is that large"));
        }
        Directory.CreateDirectory(options.Volume(request.Name));
        var volume = new Volume { VolumeId = request.Name, CapacityBytes = request.CapacityRange.RequiredBytes };
        volume.VolumeContext.Add("made-by", options.Name);
        return Task.FromResult(new CreateVolumeResponse { Volume = volume });
    }

    public override Task<DeleteVolumeResponse> DeleteVolume(DeleteVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        if (Directory.Exists(options.Volume(request.VolumeId)))
        {
            Directory.Delete(options.Volume(request.VolumeId), recursive: true);
        }
        return Task.FromResult(new DeleteVolumeResponse());
    }

    public override Task<ControllerPublishVolumeResponse> ControllerPublishVolume(ControllerPublishVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        var answer = new ControllerPublishVolumeResponse();
        answer.PublishContext.Add("slot", "7");
        return Task.FromResult(answer);
    }

    public override Task<ControllerUnpublishVolumeResponse> ControllerUnpublishVolume(ControllerUnpublishVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        return Task.FromResult(new ControllerUnpublishVolumeResponse());
    }

    public override Task<ControllerExpandVolumeResponse> ControllerExpandVolume(ControllerExpandVolumeRequest request, ServerCallContext context)
    {
        calls.Note(request);
        return Task.FromResult(new ControllerExpandVolumeResponse { CapacityBytes = request.CapacityRange.RequiredBytes, NodeExpansionRequired = true });
    }

    public override Task<GetCapacityResponse> GetCapacity(GetCapacityRequest request, ServerCallContext context) =>
        Task.FromResult(new GetCapacityResponse { AvailableCapacity = Limit });

    public override Task<ControllerGetCapabilitiesResponse> ControllerGetCapabilities(ControllerGetCapabilitiesRequest request, ServerCallContext context)
    {
        var answer = new ControllerGetCapabilitiesResponse();
        foreach (var type in Enum.GetValues<ControllerServiceCapability.Types.RPC.Types.Type>().Where(type => type != 0))
        {
            answer.Capabilities.Add(new ControllerServiceCapability { Rpc = new ControllerServiceCapability.Types.RPC { Type = type } });
        }
        return Task.FromResult(answer);
    }
}
