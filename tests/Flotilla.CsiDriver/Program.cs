using Flotilla.CsiDriver;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// A storage driver as others write them, for tests: volumes are directories. It speaks gRPC on two unix sockets and knows
// nothing of Flotilla. Usage: Flotilla.CsiDriver NAME DIRECTORY DRIVER-SOCKET REGISTRATION-SOCKET [NODE-ID]
if (args is not [var name, var directory, var driverSocket, var registrationSocket, ..])
{
    Console.Error.WriteLine("usage: Flotilla.CsiDriver NAME DIRECTORY DRIVER-SOCKET REGISTRATION-SOCKET [NODE-ID]");
    return 2;
}

foreach (var socket in (string[])[driverSocket, registrationSocket])
{
    Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
    File.Delete(socket);
}

var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.ListenUnixSocket(driverSocket, listen => listen.Protocols = HttpProtocols.Http2);
    kestrel.ListenUnixSocket(registrationSocket, listen => listen.Protocols = HttpProtocols.Http2);
});
builder.Services.AddGrpc();
builder.Services.AddSingleton(new DriverOptions(name, directory, driverSocket, args.ElementAtOrDefault(4) ?? "node"));
builder.Services.AddSingleton<Calls>();
var app = builder.Build();
app.MapGrpcService<RegistrationService>();
app.MapGrpcService<IdentityService>();
app.MapGrpcService<ControllerService>();
app.MapGrpcService<NodeService>();
await app.RunAsync();
return 0;
