using System.Globalization;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Engine.Images;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Swarm;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The Docker API of a machine with a server: the swarm as a translation in front of the API server.</summary>
internal sealed class DockerEndpoint : IAsyncDisposable
{
    private readonly ClusterSettings settings;
    private readonly HttpObjectClient logs;
    private readonly EngineServer server;

    /// <param name="load">Where pods' images come from archives.</param>
    public DockerEndpoint(ClusterSettings settings, ControlPlane plane, ImageLoad load, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        logs = ControlPlane.AdminClient(settings);
        var client = plane.Server.ClientFor("docker");
        server = new EngineServer(settings, load, Swarm, time, loggers);

        IEnumerable<Route> Swarm(SwarmOptions options, NodeEngine engine) =>
            SwarmEndpoint.Routes(options, client, plane.Informers, plane.Server.NewestChangesAsync, CopyLogsAsync, new NodeRemoval(client, time).RemoveAsync, ChangeRoleAsync, engine, time);
    }

    public Task StartAsync(CancellationToken cancellationToken) => server.StartAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
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
