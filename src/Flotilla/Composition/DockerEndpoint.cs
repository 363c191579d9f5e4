using System.Globalization;
using Flotilla.Client;
using Flotilla.Client.Joining;
using Flotilla.Client.Services;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Engine.Images;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Swarm;
using Flotilla.Swarm.Swarms;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The Docker API of a machine with a server: the swarm as a translation in front of the API server.</summary>
internal sealed class DockerEndpoint : IAsyncDisposable
{
    private readonly ClusterSettings settings;
    private readonly HttpObjectClient logs;
    private readonly ServiceSet services;
    private readonly Func<SwarmOptions, NodeEngine, IEnumerable<Route>> swarm;
    private readonly AutolockService autolock;
    private readonly EngineServer server;
    private readonly bool isServing;

    /// <param name="volumes">Of this machine, which its pods use too.</param>
    /// <param name="load">Where pods' images come from archives.</param>
    /// <param name="serving">What has served while the keys were sealed, and is this one's from now on; null: nothing has.</param>
    public DockerEndpoint(ClusterSettings settings, ControlPlane plane, MachineVolumes volumes, ImageLoad load, ServerSeal seal, EngineServer? serving, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        logs = ControlPlane.AdminClient(settings, plane.Identity);
        var client = plane.Server.ClientFor("docker");
        autolock = new AutolockService(client, plane.Informers, seal, time);
        services = new ServiceSet(time, loggers.CreateLogger<ServiceSet>());
        swarm = Swarm;
        isServing = serving is not null;
        server = serving ?? new EngineServer(settings, volumes, load, swarm, time, loggers);

        IEnumerable<Route> Swarm(SwarmOptions options, NodeEngine engine) =>
            SwarmEndpoint.Routes(options, client, plane.Informers, plane.Server.NewestChangesAsync, CopyLogsAsync, plane.Server.DockerOfAsync, new NodeRemoval(client, time).RemoveAsync, ChangeRoleAsync, (certificate, key, cancel) => plane.Server.Rotation.BeginAsync(new AuthorityChange(certificate, key), cancel), autolock, engine, time);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await services.StartAsync(autolock, cancellationToken);
        if (isServing)
        {
            server.Use(swarm);
        }
        else
        {
            await server.StartAsync(cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        await services.StopAsync(CancellationToken.None);
        await services.DisposeAsync();
        logs.Dispose();
    }

    private async Task ChangeRoleAsync(V1Node node, bool toManager, CancellationToken cancellationToken)
    {
        try
        {
            var roles = new NodeRoles(settings, logs);
            await (toManager ? roles.PromoteAsync(node, cancellationToken) : roles.DemoteAsync(node, cancellationToken));
        }
        catch (UserError refused)
        {
            throw DockerException.BadRequest(refused.Message);
        }
    }

    // By the API server, which knows the way to every node.
    private Task CopyLogsAsync(string ns, string pod, LogOptions options, Stream destination, CancellationToken cancellationToken)
    {
        List<string> query = ["asWritten=true", $"follow={(options.Follow ? "true" : "false")}"];
        if (options.TailLines is { } lines)
        {
            query.Add(string.Create(CultureInfo.InvariantCulture, $"tailLines={lines}"));
        }

        if (options.SinceTime is { } since)
        {
            query.Add("sinceTime=" + Uri.EscapeDataString(since.ToString("O", CultureInfo.InvariantCulture)));
        }

        return logs.CopyAsync($"/api/v1/namespaces/{ns}/pods/{pod}/log?{string.Join('&', query)}", destination, cancellationToken);
    }
}
