using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Engine.Images;
using Flotilla.Local;
using Flotilla.Swarm;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The Docker API of a machine without a server: its own engine, and of the swarm what a worker may say.</summary>
internal sealed class WorkerDockerEndpoint : IAsyncDisposable
{
    private readonly NodeEngine engine;
    private readonly DockerServer server;

    /// <param name="client">As the node itself.</param>
    /// <param name="load">Where pods' images come from archives.</param>
    public WorkerDockerEndpoint(ClusterSettings settings, IObjectClient client, InformerSet informers, ImageLoad load, TimeProvider time, ILoggerFactory loggers)
    {
        var options = DockerEndpoint.OptionsFor(settings);
        engine = new NodeEngine(DockerEndpoint.EngineOptionsFor(settings), load, time, loggers);
        var self = informers.Of<V1Node>(new ListScope(FieldSelector: $"metadata.name={settings.NodeName}"));
        server = new DockerServer(options.Socket, options.Version, [.. SwarmEndpoint.WorkerRoutes(options, client, self, engine, time), .. engine.Routes], loggers);
    }

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await engine.StartAsync(cancellationToken);
        await server.StartAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(CancellationToken.None);
        await server.DisposeAsync();
        await engine.StopAsync(CancellationToken.None);
        await engine.DisposeAsync();
    }
}
