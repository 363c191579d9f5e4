using System.Net;
using System.Net.Sockets;
using Flotilla.Client;
using Flotilla.Controllers;
using Flotilla.Scheduler;
using Flotilla.Scheduler.Explaining;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Flotilla.Storage;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Simulation.Tests;

/// <summary>API server over a store in memory, scheduler and controllers in this process.</summary>
internal sealed class ControlPlane : IAsyncDisposable
{
    private readonly IStore store;
    private readonly List<BackgroundService> services = [];

    private ControlPlane(IStore store, ClusterIdentity identity)
    {
        this.store = store;
        Server = new ApiServer(
            new ApiServerOptions { Port = FreePort(), BindAddress = IPAddress.Loopback }, store, identity, TimeProvider.System, NullLoggerFactory.Instance);
        Informers = new InformerSet(Server.Client, TimeProvider.System, NullLoggerFactory.Instance);
        services.Add(Informers);
        var scheduler = new SchedulerService(Server.ClientFor("kube-scheduler"), Informers, TimeProvider.System, NullLoggerFactory.Instance);
        services.Add(scheduler);
        Explainer = new PodExplainer(scheduler, Server.Client);
        services.Add(new ControllerSet(new ControllerContext(
            Server.ClientFor("kube-controller-manager"), Informers, TimeProvider.System, NullLoggerFactory.Instance,
            new ControllerOptions { RootCertificates = () => identity.CaPem, SignCertificate = identity.SignRequest, SignLegacyToken = identity.ServiceAccounts.IssueLegacy })));
    }

    public ApiServer Server { get; }

    public IObjectClient Client => Server.Client;

    public InformerSet Informers { get; }

    public PodExplainer Explainer { get; }

    public static async Task<ControlPlane> StartAsync() => await StartAsync(new MemoryStore(), NewIdentity());

    /// <param name="store">Given back when this one stops: with the same identity it may be another one's next.</param>
    public static async Task<ControlPlane> StartAsync(IStore store, ClusterIdentity identity)
    {
        var plane = new ControlPlane(store, identity);
        await plane.Server.StartAsync(default);
        foreach (var service in plane.services)
        {
            await service.StartAsync(default);
        }

        return plane;
    }

    public static ClusterIdentity NewIdentity()
    {
        var directory = Directory.CreateTempSubdirectory("flotilla-simulation-");
        var identity = ClusterIdentity.LoadOrCreate(directory.FullName, ["127.0.0.1"], TimeProvider.System);
        directory.Delete(recursive: true);
        return identity;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services.AsEnumerable().Reverse())
        {
            await service.StopAsync(default);
            service.Dispose();
        }

        await Server.DisposeAsync();
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
