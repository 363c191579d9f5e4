using System.Text.Json.Nodes;
using Flotilla.Docker;
using Flotilla.Engine.Building;
using Flotilla.Engine.Commits;
using Flotilla.Engine.Containerd;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Events;
using Flotilla.Engine.Execs;
using Flotilla.Engine.Health;
using Flotilla.Engine.Images;
using Flotilla.Engine.Images.Making;
using Flotilla.Engine.Machines;
using Flotilla.Engine.Networks;
using Flotilla.Engine.Registries;
using Flotilla.Engine.Volumes;
using Flotilla.Linux.Cri;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Engine;

/// <summary>
/// The Docker engine of one machine: containers, images, volumes and networks that belong to it alone. containerd runs them; what was asked for is
/// kept in files. Stopping it leaves containers running, and the next one takes them over.
/// </summary>
public sealed partial class NodeEngine : IHostedService, IMachineEngine, IAsyncDisposable
{
    private static readonly TimeSpan RetryInterval = TimeSpan.FromSeconds(10);
    private readonly EngineOptions options;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly CancellationTokenSource stopping = new();
    private readonly Runtime runtime;
    private readonly EventLog events;
    // A layer may take long; a registry that does not answer may not.
    private readonly HttpClient http = new(new SocketsHttpHandler { ConnectTimeout = TimeSpan.FromSeconds(15) }) { Timeout = TimeSpan.FromMinutes(30) };
    private readonly NetworkStore networks;
    private readonly ContainerStore containers;
    private readonly TaskContainers tasks;
    private readonly SwarmPlaces places;
    private readonly LostPlaces lost;
    private readonly ContainerNetworks links;
    private readonly NameServers names;
    private readonly ContainerRuns runs;
    private readonly ExecRoutes execs;
    private readonly ImageCatalog images;
    private readonly MachineVolumes volumes;
    private readonly NetworkRoutes networkRoutes;
    private readonly IEnumerable<Route> routes;
    private Task restoring = Task.CompletedTask;
    private Task telling = Task.CompletedTask;
    private volatile string? unusable;

    /// <param name="volumes">Of this machine, which its pods use too. They are not disposed here.</param>
    public NodeEngine(EngineOptions options, MachineVolumes volumes, ImageLoad load, TimeProvider time, ILoggerFactory loggers)
    {
        this.options = options;
        this.time = time;
        logger = loggers.CreateLogger<NodeEngine>();
        runtime = new Runtime(options.ContainerdSocket);
        this.volumes = volumes;
        events = volumes.Events;
        images = new ImageCatalog(runtime);
        tasks = new TaskContainers(runtime);
        containers = new ContainerStore(options);
        networks = new NetworkStore(options);
        places = new SwarmPlaces(new PodSandboxes(runtime), time, loggers.CreateLogger<SwarmPlaces>());
        links = new ContainerNetworks(options, networks, containers, new NetworkLinks(options), places, events);
        names = new NameServers(options, networks, containers, time, loggers.CreateLogger<NameServers>());
        var users = new ImageUsers(containers, tasks);
        var volumeUsers = new VolumeUsers(volumes.Store, containers, tasks);
        var files = new ContainerFiles(options, networks, containers);
        lost = new LostPlaces(containers, links, places, files, time, loggers.CreateLogger<LostPlaces>());
        var roots = new RootFileSystem(runtime, options);
        var held = new ContainerVolumes(volumes.Store, volumes.Mounts, volumes.Contents, roots);
        var launch = new ContainerLaunch(runtime, options, links, containers, files, roots, held);
        var runner = new ExecRunner(runtime, options, containers, time);
        var removal = new ContainerRemoval(containers, launch, roots, volumes.Mounts, events);
        runs = new ContainerRuns(runtime, options, containers, launch, removal, new HealthChecks(runner, events, time), events, time, loggers.CreateLogger<ContainerRuns>());
        var life = new ContainerLife(runtime, runs, removal, events, time);
        execs = new ExecRoutes(runtime, containers, tasks, runner, events);
        networkRoutes = new NetworkRoutes(options, networks, containers, links, names, events, time);
        var view = new ContainerView(networks, time);
        var volumeRoutes = new VolumeRoutes(volumes.Store, volumes.Mounts, volumeUsers, events);
        var maker = new ImageMaker(images);
        var creation = new ContainerCreation(images, containers, networks, new MountPlan(volumes.Store, containers), held, roots, options, events, time);
        var cache = new BuildCache(runtime, options, images.Contents);
        routes =
        [
            .. creation.All,
            .. new ContainerList(containers, tasks, roots, view).All,
            .. new ContainerRoutes(containers, tasks, life, roots, view, execs, events, time).All,
            .. new AttachRoutes(runtime, containers, events, time).All,
            .. new LogRoutes(containers, tasks, options, time).All,
            .. execs.All,
            .. new ImageRoutes(images, users, cache, events, time).All,
            .. new PullRoutes(runtime, images, http, new FileSystemImport(runtime, options, maker, events, time), events, time).All,
            .. new PushRoutes(runtime, images, http, events, time).All,
            .. new ImageArchiveRoutes(runtime, images, load, events).All,
            .. new CommitRoutes(runtime, options, containers, life, images, maker, events, time).All,
            .. new BuildRoutes(new ImageBuilder(runtime, options, images, maker, cache, new CacheMounts(options.CacheMountDirectory), creation, life, time), events).All,
            .. new LoginRoutes(http).All,
            .. volumeRoutes.All,
            .. networkRoutes.All,
            .. new ConnectionRoutes(networks, containers, links, places, files).All,
            .. new EventRoutes(events, time).All,
            .. new UsageRoutes(containers, launch, time).All,
            .. new ProcessRoutes(runtime, containers, tasks).All,
            .. new DiskRoutes(images, users, containers, volumes.Store, volumeUsers, volumeRoutes, roots, view).All,
            .. new Archives.ArchiveRoutes(containers, roots).All,
            .. new Archives.ChangeRoutes(containers, roots).All,
        ];
    }

    public IEnumerable<Route> Routes => routes.Select(route => WhenUsable(route.Guarded()));

    public IReadOnlyList<JsonObject> Networks => networkRoutes.Views;

    public Task<DockerAnswer> CreateNetworkAsync(JsonObject spec, CancellationToken cancellationToken) => networkRoutes.CreateAsync(spec, cancellationToken);

    public Task RemoveNetworkAsync(string id, CancellationToken cancellationToken) => networkRoutes.RemoveAsync(id, cancellationToken);

    public void Join(ISwarmNetworks swarm) => places.Join(swarm);

    public void Announce(string type, string action, string id, IEnumerable<(string Name, string Value)> attributes) => events.Add(type, action, id, EngineEvent.Swarm, attributes);

    public async Task<JsonObject> CountsAsync(CancellationToken cancellationToken)
    {
        var states = containers.All.Select(container => container.Record.State.Status)
            .Concat((await tasks.ListAsync(cancellationToken)).Where(task => task.IsTask).Select(task => task.IsRunning ? StateRecord.Running : StateRecord.Exited)).ToList();
        var (running, paused) = (states.Count(status => status == StateRecord.Running), states.Count(status => status == StateRecord.Paused));
        var version = (await runtime.CriContainers.VersionAsync(new VersionRequest(), cancellationToken: cancellationToken)).RuntimeVersion;
        return new JsonObject
        {
            ["ContainerdCommit"] = new JsonObject { ["ID"] = version },
            ["Containers"] = states.Count, ["ContainersRunning"] = running, ["ContainersPaused"] = paused, ["ContainersStopped"] = states.Count - running - paused,
            ["Images"] = (await images.ListAsync(cancellationToken)).Count, ["NEventsListener"] = events.Listeners,
        };
    }

    /// <summary>
    /// Takes over what the last one left. When it cannot, requests are refused with the reason and it tries again: pods and services do not depend on it.
    /// </summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await TryRestoreAsync(cancellationToken))
        {
            restoring = RetryAsync(stopping.Token);
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        await stopping.CancelAsync();
        await restoring.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await telling.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await execs.DisposeAsync();
        await runs.DisposeAsync();
        await names.DisposeAsync();
    }

    public ValueTask DisposeAsync()
    {
        links.Dispose();
        lost.Dispose();
        places.Dispose();
        http.Dispose();
        runtime.Dispose();
        stopping.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task RetryAsync(CancellationToken cancellationToken)
    {
        do
        {
            await Task.Delay(RetryInterval, time, cancellationToken);
        }
        while (!await TryRestoreAsync(cancellationToken));
    }

    private async Task<bool> TryRestoreAsync(CancellationToken cancellationToken)
    {
        try
        {
            // What a process that was killed has begun.
            foreach (var left in new[] { options.BuildDirectory, options.CommitDirectory }.Where(Directory.Exists))
            {
                Directory.Delete(left, recursive: true);
            }

            MountedFiles.RemoveLeft(options);
            networks.Load(await NetworkLinks.InUseAsync(cancellationToken), time.GetUtcNow().UtcDateTime);
            containers.Load();
            await volumes.Mounts.ReleaseEndedAsync(id => containers.TryFind(id) is { Record.State.IsRunning: true }, cancellationToken);
            await links.RestoreAsync(cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            unusable = failure.Message;
            LogUnusable(failure.Message, RetryInterval.TotalSeconds);
            return false;
        }

        names.Follow();
        await runs.RestoreAsync(cancellationToken);
        telling = Task.WhenAll(places.KeepTellingAsync(stopping.Token), lost.RunAsync(stopping.Token));
        unusable = null;
        return true;
    }

    private Route WhenUsable(Route route) => route with
    {
        AnswerAsync = (request, token) => unusable is { } reason
            ? throw new DockerException(503, $"the containers of this machine could not be taken over yet: {reason}")
            : route.AnswerAsync(request, token),
    };

    [LoggerMessage(Level = LogLevel.Error, Message = "The containers of docker run could not be taken over, the next attempt is in {Seconds:0} s: {Reason}")]
    private partial void LogUnusable(string reason, double seconds);
}
