using Flotilla.Kubeconfigs;
using Flotilla.Local;
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

    public AllInOne(ClusterSettings settings, StartupProgress progress, TimeProvider time, ILoggerFactory loggers)
    {
        this.settings = settings;
        this.progress = progress;
        this.time = time;
        plane = new ControlPlane(settings, time, loggers);
        node = new LocalNode(settings, plane.Server.ClientFor("kubelet"), plane.Informers, NodeComposition.ServingFor(settings, plane.Identity), time, loggers);
    }

    /// <summary>Until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await Task.WhenAll(StartPlaneAsync(cancellationToken), StartRuntimeAsync(cancellationToken));
        plane.Server.NodeStreams = await node.StartPodsAsync(cancellationToken);
        progress.Report(StartupProgress.Ready);
        await Task.Delay(Timeout.InfiniteTimeSpan, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public async ValueTask DisposeAsync()
    {
        await node.DisposeAsync();
        await plane.DisposeAsync();
    }

    private async Task StartPlaneAsync(CancellationToken cancellationToken)
    {
        await plane.StartAsync(cancellationToken);
        WriteKubeconfig();
        progress.Report($"Kubernetes API answers on port {settings.ApiPort}");
        await node.StartNetworkAsync(cancellationToken);
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
}
