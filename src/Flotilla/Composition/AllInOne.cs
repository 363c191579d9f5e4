using Flotilla.Joining;
using Flotilla.Kubeconfigs;
using Flotilla.Local;
using Flotilla.Locking;
using Flotilla.Server.Membership;
using Flotilla.Server.Nodes;
using Microsoft.Extensions.Logging;

namespace Flotilla.Composition;

/// <summary>The control plane and this machine's node in one process. Ending it ends no container.</summary>
internal sealed class AllInOne : IAsyncDisposable
{
    private readonly ClusterSettings settings;
    private readonly StartupProgress progress;
    private readonly TimeProvider time;
    private readonly ControlPlane plane;
    private readonly LocalNode node;
    private readonly DockerEndpoint docker;
    private readonly Datastore datastore;
    private readonly ILoggerFactory loggers;
    private readonly ILogger logger;
    private readonly LockedServer? locked;
    private EtcdNotices? notices;

    /// <param name="locked">What this machine was before it was unlocked; null: it was not locked.</param>
    public AllInOne(ClusterSettings settings, Datastore datastore, Autolock autolock, LockedServer? locked, StartupProgress progress, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        this.datastore = datastore;
        this.progress = progress;
        this.time = time;
        this.loggers = loggers;
        plane = new ControlPlane(settings, datastore.Store, time, loggers);
        plane.Server.Admission = new ServerAdmission(settings, datastore.Etcd?.Cluster, plane.Server.Client, time);
        logger = loggers.CreateLogger<AllInOne>();
        plane.Server.Rotation.Published = RefreshKubeconfig;
        this.locked = locked;
        node = locked?.Take() ?? new LocalNode(settings, time, loggers);
        docker = new DockerEndpoint(settings, plane, node.Volumes, node.LoadImagesAsync, (key, cancel) => autolock.ApplyAsync(key, plane.Identity, cancel), locked?.Engine, time, loggers);
    }

    /// <summary>The other servers that answer; null: this one does not see at present who there is.</summary>
    public IReadOnlyList<ServerMember>? Others() => plane.Server.Others;

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(StartPlaneAsync(cancellationToken), StartRuntimeAsync(cancellationToken));
        plane.Server.NodeStreams = new LocalStreams(settings.NodeName, await node.StartPodsAsync(cancellationToken));
        if (await node.StartIngressAsync(plane.Server.ClientFor("kubelet"), plane.Informers, null, cancellationToken) is { } ingress)
        {
            plane.Server.AddMetrics(ingress.Write);
        }
        await docker.StartAsync(cancellationToken);
        locked?.Started();
        progress.Report(StartupProgress.Ready);
        logger.LogJoin();
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await docker.DisposeAsync();
        await node.DisposeAsync();
        if (notices is not null)
        {
            await notices.DisposeAsync();
        }

        await plane.DisposeAsync();
    }

    private async Task StartPlaneAsync(CancellationToken cancellationToken)
    {
        await plane.StartAsync(cancellationToken);
        if (datastore.Etcd is { } etcd)
        {
            notices = await EtcdNotices.StartAsync(etcd, plane.Server, settings, time, loggers, cancellationToken);
        }

        WriteKubeconfig();
        progress.Report($"{StartupProgress.ApiAnswers} on port {settings.ApiPort}");
        await node.StartNetworkAsync(settings, plane.Server.ClientFor("kubelet"), plane.Informers, NodeComposition.ServingFor(settings, plane.Identity), null, cancellationToken);
        progress.Report("pod network and services are set up");
    }

    private async Task StartRuntimeAsync(CancellationToken cancellationToken)
    {
        await node.StartRuntimeAsync(cancellationToken);
        progress.Report("container runtime answers");
    }

    private void WriteKubeconfig()
    {
        if (settings.Kubeconfig is { } path)
        {
            var file = KubeconfigFile.Open(path);
            file.Set(ControlPlane.ContextFor(settings, plane.Identity));
            file.Save();
        }
    }

    // By what is in it now nobody is let in any more, soon.
    private void RefreshKubeconfig()
    {
        try
        {
            if (settings.Kubeconfig is { } path && KubeconfigFile.Open(path) is var file && file.Refresh(ControlPlane.ContextFor(settings, plane.Identity)))
            {
                file.Save();
            }
        }
        catch (Exception unusable) when (unusable is IOException or InvalidDataException or UnauthorizedAccessException)
        {
            logger.LogStaleKubeconfig(settings.Kubeconfig!, unusable.Message);
        }
    }
}

internal static partial class JoinLog
{
    [LoggerMessage(Level = LogLevel.Information, Message = "Another machine joins by what 'flotilla token create' prints, as a server with --manager")]
    public static partial void LogJoin(this ILogger logger);

    [LoggerMessage(Level = LogLevel.Warning, Message = "{Kubeconfig} still holds the certificates of before the authority was rotated ({Reason}); 'flotilla kubeconfig' prints one with those of now")]
    public static partial void LogStaleKubeconfig(this ILogger logger, string kubeconfig, string reason);
}
