using System.Globalization;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Engine.Images;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Local.Nodes;
using Flotilla.Node.Containerd;
using Flotilla.Swarm;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The Docker API of this machine: the swarm as a translation in front of the API server, and the machine's own engine.</summary>
internal sealed class DockerEndpoint : IAsyncDisposable
{
    private readonly ClusterSettings settings;
    private readonly HttpObjectClient logs;
    private readonly NodeEngine engine;
    private readonly DockerServer server;

    /// <param name="load">Where pods' images come from archives.</param>
    public DockerEndpoint(ClusterSettings settings, ControlPlane plane, ImageLoad load, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        logs = ControlPlane.AdminClient(settings);
        var client = plane.Server.ClientFor("docker");
        var options = OptionsFor(settings);
        engine = new NodeEngine(EngineOptionsFor(settings), load, time, loggers);
        var swarm = SwarmEndpoint.Routes(options, client, plane.Informers, CopyLogsAsync, new NodeRemoval(client, time).RemoveAsync, ChangeRoleAsync, engine, time);
        server = new DockerServer(options.Socket, options.Version, [.. swarm, .. engine.Routes], loggers);
    }

    public static EngineOptions EngineOptionsFor(ClusterSettings settings)
    {
        var node = NodeComposition.NodeOptionsFor(settings);
        return new EngineOptions
        {
            ContainerdSocket = node.RuntimeSocket,
            CtrBinary = node.CtrBinary,
            DataDirectory = Path.Combine(settings.DataDirectory, "engine"),
            RunDirectory = Path.Combine(settings.RunDirectory, "engine"),
            VolumeDirectory = NodeComposition.VolumeDirectory(settings),
            RuncRoot = Path.Combine(ContainerdConfiguration.State(node), "runc"),
            CgroupRoot = settings.CgroupRoot + "-engine",
            NodeName = settings.NodeName,
            ClusterDns = NodeComposition.ClusterDns(settings),
        };
    }

    public static SwarmOptions OptionsFor(ClusterSettings settings) => new()
    {
        Socket = settings.DockerSocket,
        NodeName = settings.NodeName,
        RootDirectory = settings.DataDirectory,
        PodRange = settings.PodCidr,
        ClusterDns = NodeComposition.ClusterDns(settings).ToString(),
    };

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
