using Flotilla.Node.Plugins.Registration;
using Grpc.Core;

namespace Flotilla.CsiDriver;

internal sealed class RegistrationService(DriverOptions options, Calls calls) : Registration.RegistrationBase
{
    public override Task<PluginInfo> GetInfo(InfoRequest request, ServerCallContext context)
    {
        var info = new PluginInfo { Type = "CSIPlugin", Name = options.Name, Endpoint = options.Socket };
        info.SupportedVersions.Add("1.0.0");
        return Task.FromResult(info);
    }

    public override Task<RegistrationStatusResponse> NotifyRegistrationStatus(RegistrationStatus request, ServerCallContext context)
    {
        calls.Note(request);
        return Task.FromResult(new RegistrationStatusResponse());
    }
}
