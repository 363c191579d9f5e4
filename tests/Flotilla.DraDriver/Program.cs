using Flotilla.DraDriver;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

// A driver of dynamic resources as others write them, for tests: each claim becomes one device, /dev/null under another
// name. It speaks gRPC on two unix sockets and knows nothing of Flotilla.
// Usage: Flotilla.DraDriver NAME DIRECTORY REGISTRATION-SOCKET CDI-DIRECTORY
if (args is not [var name, var directory, var registrationSocket, var cdiDirectory])
{
    Console.Error.WriteLine("usage: Flotilla.DraDriver NAME DIRECTORY REGISTRATION-SOCKET CDI-DIRECTORY");
    return 2;
}

var options = new DriverOptions(name, directory, cdiDirectory);
foreach (var socket in (string[])[options.Socket, registrationSocket])
{
    Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
    File.Delete(socket);
}

Directory.CreateDirectory(cdiDirectory);
var builder = WebApplication.CreateSlimBuilder();
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.ConfigureKestrel(kestrel =>
{
    kestrel.ListenUnixSocket(options.Socket, listen => listen.Protocols = HttpProtocols.Http2);
    kestrel.ListenUnixSocket(registrationSocket, listen => listen.Protocols = HttpProtocols.Http2);
});
builder.Services.AddGrpc();
builder.Services.AddSingleton(options);
builder.Services.AddSingleton<Calls>();
var app = builder.Build();
app.MapGrpcService<RegistrationService>();
app.MapGrpcService<PluginService>();
app.MapGrpcService<HealthService>();
await app.RunAsync();
return 0;
