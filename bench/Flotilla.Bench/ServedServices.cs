using Flotilla.Client;
using Flotilla.Controllers;
using Flotilla.Scheduler;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Bench;

/// <summary>What runs beside a served API: nothing, the scheduler, or the controllers too.</summary>
internal sealed class ServedServices : IAsyncDisposable
{
    private readonly List<BackgroundService> services = [];

    public ServedServices(ApiServer server, ClusterIdentity identity, string what)
    {
        if (what is not ("scheduler" or "control-plane"))
        {
            return;
        }

        var informers = new InformerSet(server.Client, TimeProvider.System, NullLoggerFactory.Instance);
        services.Add(informers);
        services.Add(new SchedulerService(server.ClientFor("kube-scheduler"), informers, TimeProvider.System, NullLoggerFactory.Instance));
        if (what == "control-plane")
        {
            services.Add(new ControllerSet(new ControllerContext(
                server.ClientFor("kube-controller-manager"), informers, TimeProvider.System, NullLoggerFactory.Instance,
                new ControllerOptions { RootCertificates = identity.CaPem, SignCertificate = identity.SignRequest, SignLegacyToken = identity.ServiceAccounts.IssueLegacy })));
        }
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        foreach (var service in services)
        {
            await service.StartAsync(cancellationToken);
        }
    }

    public async Task StopAsync()
    {
        foreach (var service in services.AsEnumerable().Reverse())
        {
            await service.StopAsync(CancellationToken.None);
        }
    }

    public ValueTask DisposeAsync()
    {
        services.ForEach(service => service.Dispose());
        return ValueTask.CompletedTask;
    }
}
