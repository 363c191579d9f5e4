using System.Text.Json;
using Flotilla.Node.DynamicResources.Api;
using Grpc.Core;

namespace Flotilla.DraDriver;

/// <summary>Both calls may come again for the same claim, and change nothing then.</summary>
internal sealed class PluginService(DriverOptions options, Calls calls) : DRAPlugin.DRAPluginBase
{
    public override Task<NodePrepareResourcesResponse> NodePrepareResources(NodePrepareResourcesRequest request, ServerCallContext context)
    {
        calls.Note(request);
        var answer = new NodePrepareResourcesResponse();
        foreach (var claim in request.Claims)
        {
            answer.Claims[claim.Uid] = options.Refusal is { } refusal ? new NodePrepareResourceResponse { Error = refusal } : Prepare(claim);
        }

        return Task.FromResult(answer);
    }

    public override Task<NodeUnprepareResourcesResponse> NodeUnprepareResources(NodeUnprepareResourcesRequest request, ServerCallContext context)
    {
        calls.Note(request);
        var answer = new NodeUnprepareResourcesResponse();
        foreach (var claim in request.Claims)
        {
            File.Delete(options.SpecOf(claim.Uid));
            answer.Claims[claim.Uid] = new NodeUnprepareResourceResponse();
        }

        return Task.FromResult(answer);
    }

    private NodePrepareResourceResponse Prepare(Claim claim)
    {
        var spec = new
        {
            cdiVersion = "0.6.0",
            kind = $"{options.Name}/claim",
            devices = new[]
            {
                new
                {
                    name = claim.Uid,
                    containerEdits = new { env = new[] { $"CLAIM={claim.Name}" }, deviceNodes = new[] { new { path = "/dev/claimed", hostPath = "/dev/null" } } },
                },
            },
        };
        File.WriteAllBytes(options.SpecOf(claim.Uid) + ".new", JsonSerializer.SerializeToUtf8Bytes(spec));
        File.Move(options.SpecOf(claim.Uid) + ".new", options.SpecOf(claim.Uid), overwrite: true);
        return new NodePrepareResourceResponse { Devices = { new Device { PoolName = "pool", DeviceName = "device-0", CdiDeviceIds = { options.DeviceOf(claim.Uid) } } } };
    }
}
