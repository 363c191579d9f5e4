using Flotilla.Api.Networks;
using Flotilla.Docker;
using Flotilla.Engine;
using Flotilla.Engine.Images;
using Flotilla.Linux.Containerd;
using Flotilla.Local;
using Flotilla.Node.Containerd;
using Flotilla.Swarm;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The engine of this machine behind its Docker API, in which what the swarm says comes first.</summary>
internal sealed class EngineServer : IAsyncDisposable
{
    private readonly SwarmOptions options;
    private readonly NodeEngine engine;
    private readonly DockerServer server;

    /// <param name="volumes">Of this machine, which its pods use too.</param>
    /// <param name="load">Where pods' images come from archives.</param>
    /// <param name="swarm">What the swarm says on this machine.</param>
    public EngineServer(ClusterSettings settings, MachineVolumes volumes, ImageLoad load, Func<SwarmOptions, NodeEngine, IEnumerable<Route>> swarm, TimeProvider time, ILoggerFactory loggers)
    {
        options = SwarmOptionsFor(settings);
        engine = new NodeEngine(OptionsFor(settings), volumes, load, time, loggers);
        server = new DockerServer(options.Socket, options.Version, RoutesWith(swarm), loggers);
    }

    /// <summary>From now on the swarm says this.</summary>
    public void Use(Func<SwarmOptions, NodeEngine, IEnumerable<Route>> swarm) => server.Use(RoutesWith(swarm));

    public static EngineOptions OptionsFor(ClusterSettings settings)
    {
        var node = NodeComposition.NodeOptionsFor(settings);
        return new EngineOptions
        {
            ContainerdSocket = node.RuntimeSocket,
            CtrBinary = node.CtrBinary,
            DataDirectory = Path.Combine(settings.DataDirectory, "engine"),
            RunDirectory = Path.Combine(settings.RunDirectory, "engine"),
            VolumeDirectory = NodeComposition.VolumeDirectory(settings),
            Runtimes = node.Runtimes,
            DefaultRuntime = node.DefaultRuntime,
            RuntimeState = ContainerdConfiguration.State(node),
            CgroupRoot = settings.CgroupRoot + "-engine",
            NodeName = settings.NodeName,
            ClusterDns = NodeComposition.ClusterDns(settings),
            ClusterRanges = [.. NetworkRanges.Parse(settings.PodCidr), .. NetworkRanges.Parse(settings.ServiceCidr)],
        };
    }

    public static SwarmOptions SwarmOptionsFor(ClusterSettings settings) => new()
    {
        Socket = settings.DockerSocket,
        NodeName = settings.NodeName,
        RootDirectory = settings.DataDirectory,
        Runtimes = OciRuntime.Installed().ToDictionary(runtime => runtime.Name, runtime => runtime.Path, StringComparer.Ordinal),
        DefaultRuntime = settings.DefaultRuntime,
        PodRange = settings.PodCidr,
        ClusterDns = NodeComposition.ClusterDns(settings).ToString(),
        AttachmentImage = PauseImage.Name,
    };

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        await engine.StartAsync(cancellationToken);
        await server.StartAsync(cancellationToken);
    }

    private IEnumerable<Route> RoutesWith(Func<SwarmOptions, NodeEngine, IEnumerable<Route>> swarm) => [.. swarm(options, engine), .. engine.Routes];

    public async ValueTask DisposeAsync()
    {
        await server.StopAsync(CancellationToken.None);
        await server.DisposeAsync();
        await engine.StopAsync(CancellationToken.None);
        await engine.DisposeAsync();
    }
}
