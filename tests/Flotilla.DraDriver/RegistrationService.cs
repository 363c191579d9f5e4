using Flotilla.Node.Plugins.Registration;
using Grpc.Core;

namespace Flotilla.DraDriver;

internal sealed class RegistrationService(DriverOptions options, Calls calls) : Registration.RegistrationBase
{
    public override Task<PluginInfo> GetInfo(InfoRequest request, ServerCallContext context)
    {
        var info = new PluginInfo { Type = "DRAPlugin", Name = options.Name, Endpoint = options.Socket };
        info.SupportedVersions.Add("v1.DRAPlugin");
        return Task.FromResult(info);
    }

    public override Task<RegistrationStatusResponse> NotifyRegistrationStatus(RegistrationStatus request, ServerCallContext context)
    {
        calls.Note(request);
        return Task.FromResult(new RegistrationStatusResponse());
    }
}
