using System.Globalization;
using Flotilla.Client;
using Flotilla.Client.Streams;
using Flotilla.Joining;
using Flotilla.Local;
using Flotilla.Swarm;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The Docker API of this machine: a translation in front of the API server.</summary>
internal sealed class DockerEndpoint : IAsyncDisposable
{
    private readonly HttpObjectClient logs;
    private readonly DockerServer server;

    public DockerEndpoint(ClusterSettings settings, ControlPlane plane, TimeProvider time, ILoggerFactory loggers)
    {
        logs = ControlPlane.AdminClient(settings);
        var client = plane.Server.ClientFor("docker");
        server = new DockerServer(OptionsFor(settings), client, plane.Informers, CopyLogsAsync, new NodeRemoval(client, time).RemoveAsync, time, loggers);
    }

    public static SwarmOptions OptionsFor(ClusterSettings settings) => new()
    {
        Socket = settings.DockerSocket,
        NodeName = settings.NodeName,
        VolumeDirectory = Path.Combine(settings.DataDirectory, "node", "swarm-volumes"),
        RootDirectory = settings.DataDirectory,
        PodRange = settings.PodCidr,
        ClusterDns = NodeComposition.ClusterDns(settings).ToString(),
    };

    public Task StartAsync(CancellationToken cancellationToken) => server.StartAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(CancellationToken.None);
        await server.DisposeAsync();
        logs.Dispose();
    }

    // By the API server, which knows the way to every node.
    private Task CopyLogsAsync(string ns, string pod, LogOptions options, Stream destination, CancellationToken cancellationToken)
    {
        List<string> query = [$"follow={(options.Follow ? "true" : "false")}", $"timestamps={(options.Timestamps ? "true" : "false")}"];
        if (options.TailLines is { } lines)
        {
            query.Add(string.Create(CultureInfo.InvariantCulture, $"tailLines={lines}"));
        }

        if (options.SinceTime is { } since)
        {
            query.Add("sinceTime=" + Uri.EscapeDataString(since.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)));
        }

        return logs.CopyAsync($"/api/v1/namespaces/{ns}/pods/{pod}/log?{string.Join('&', query)}", destination, cancellationToken);
    }
}
