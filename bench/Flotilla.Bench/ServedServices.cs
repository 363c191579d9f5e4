using Flotilla.Client;
using Flotilla.Controllers;
using Flotilla.Docker;
using Flotilla.Scheduler;
using Flotilla.Server;
using Flotilla.Server.Identity;
using Flotilla.Simulation.Tests.Agreement;
using Flotilla.Swarm;
using Flotilla.Swarm.Swarms;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Bench;

/// <summary>What runs beside a served API: nothing, the scheduler, the controllers too, or those of a swarm with its Docker API as well.</summary>
internal sealed class ServedServices : IAsyncDisposable
{
    private readonly List<IHostedService> services = [];

    /// <param name="docker">The socket of the Docker API.</param>
    public ServedServices(ApiServer server, ClusterIdentity identity, string what, string docker)
    {
        if (what is not ("scheduler" or "control-plane" or "swarm"))
        {
            return;
        }

        var informers = new InformerSet(server.Client, TimeProvider.System, NullLoggerFactory.Instance);
        services.Add(informers);
        services.Add(new SchedulerService(server.ClientFor("kube-scheduler"), informers, TimeProvider.System, NullLoggerFactory.Instance));
        if (what != "scheduler")
        {
            services.Add(new ControllerSet(new ControllerContext(
                server.ClientFor("kube-controller-manager"), informers, TimeProvider.System, NullLoggerFactory.Instance,
                new ControllerOptions { RootCertificates = () => identity.CaPem, SignCertificate = identity.SignRequest, SignLegacyToken = identity.ServiceAccounts.IssueLegacy })));
        }

        if (what == "swarm")
        {
            var options = new SwarmOptions { Socket = docker, NodeName = SwarmBench.NodeName };
            var client = server.ClientFor("docker");
            var routes = SwarmEndpoint.Routes(
                options, client, informers, server.NewestChangesAsync, (_, _, _, _, _) => Task.CompletedTask, (_, _) => throw new NotSupportedException("Simulated nodes have no engine."), (_, _) => Task.CompletedTask, (_, _, _) => Task.CompletedTask, (_, _, _) => Task.CompletedTask,
                new AutolockService(client, informers, (_, _) => Task.CompletedTask, TimeProvider.System), new NoMachine(), TimeProvider.System);
            services.Add(new SwarmController(options, server.ClientFor("flotilla-swarm"), informers, TimeProvider.System, NullLoggerFactory.Instance));
            services.Add(new DockerServer(docker, options.Version, routes, NullLoggerFactory.Instance));
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

    public async ValueTask DisposeAsync()
    {
        foreach (var service in services)
        {
            (service as IDisposable)?.Dispose();
            await ((service as IAsyncDisposable)?.DisposeAsync() ?? default);
        }
    }
}
