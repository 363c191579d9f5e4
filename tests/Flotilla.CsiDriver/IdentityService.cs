using Flotilla.Node.Csi.Api;
using Grpc.Core;

namespace Flotilla.CsiDriver;

internal sealed class IdentityService(DriverOptions options) : Identity.IdentityBase
{
    public override Task<GetPluginInfoResponse> GetPluginInfo(GetPluginInfoRequest request, ServerCallContext context) =>
        Task.FromResult(new GetPluginInfoResponse { Name = options.Name, VendorVersion = "1" });

    public override Task<ProbeResponse> Probe(ProbeRequest request, ServerCallContext context) => Task.FromResult(new ProbeResponse { Ready = true });
}
