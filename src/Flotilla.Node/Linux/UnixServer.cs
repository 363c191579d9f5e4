using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Linux;

/// <summary>gRPC on a socket of this machine.</summary>
internal static class UnixServer
{
    /// <param name="shared">What each instance of the service is made with.</param>
    public static async Task<WebApplication> StartAsync<TService, TShared>(string socket, TShared shared, CancellationToken cancellationToken)
        where TService : class
        where TShared : class
    {
        Directory.CreateDirectory(Path.GetDirectoryName(socket)!);
        File.Delete(socket);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.Services.AddSingleton(shared);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(socket, listen => listen.Protocols = HttpProtocols.Http2));
        var application = builder.Build();
        application.MapGrpcService<TService>();
        await application.StartAsync(cancellationToken);
        return application;
    }
}
