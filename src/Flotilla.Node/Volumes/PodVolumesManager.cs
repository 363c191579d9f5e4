using System.Collections.Concurrent;
using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Linux.Mounts;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using Flotilla.Node.Volumes.Kinds;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Volumes;

/// <summary>
/// The volumes of the node's pods, below <c>PodsDirectory/UID/volumes</c>. Mounts and refreshes of one pod exclude each other;
/// its own loop refreshes what changed in the API and renews tokens. Everything is found again on disk after a restart.
/// </summary>
public sealed partial class PodVolumesManager : BackgroundService, IPodVolumes
{
    private const int RefreshQueueLength = 10_000;
    private static readonly TimeSpan TokenCheckInterval = TimeSpan.FromSeconds(30);
    private readonly NodeOptions options;
    private readonly InformerSet informers;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly ObjectSources objects;
    private readonly ServiceAccountTokens tokens;
    private readonly ClaimedVolumes claimed;
    private readonly ContentVolumes content;
    private readonly IReadOnlyList<IVolumeKind> kinds;
    private readonly ConcurrentDictionary<string, MountedPod> mounted = new(StringComparer.Ordinal);
    private readonly Channel<string> refreshes = Channel.CreateBounded<string>(
        new BoundedChannelOptions(RefreshQueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    /// <param name="others">Those that need more than this machine. They are asked first.</param>
    internal PodVolumesManager(
        NodeOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers, params IEnumerable<IVolumeKind> others)
    {
        this.options = options;
        this.informers = informers;
        this.time = time;
        logger = loggers.CreateLogger<PodVolumesManager>();
        objects = new ObjectSources(client, time, loggers);
        tokens = new ServiceAccountTokens(client, time);
        claimed = new ClaimedVolumes(client);
        var capacity = NodeCapacity.OfThisMachine(options);
        content = new ContentVolumes(options, new VolumeContent(objects, tokens, capacity), time);
        kinds = [content, .. others, .. VolumeKinds.All(options, capacity)];
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        objects.Changed = Refresh;
        await objects.StartAsync(cancellationToken);
        informers.Of<V1Pod>(new ListScope(FieldSelector: $"spec.nodeName={options.NodeName}")).Subscribe(change =>
        {
            if (change.New is { } pod && mounted.TryGetValue(pod.Metadata.Uid, out var entry))
            {
                entry.Pod = pod;
                Refresh(pod.Metadata.Uid);
            }
        });
        await base.StartAsync(cancellationToken);
    }

    public async Task<PodVolumes> MountAsync(V1Pod pod, CancellationToken cancellationToken)
    {
        var entry = mounted.GetOrAdd(pod.Metadata.Uid, _ => new MountedPod(pod));
        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            entry.Pod = pod;
            var volumes = new Dictionary<string, MountedVolume>(StringComparer.Ordinal);
            foreach (var volume in pod.Spec.Volumes ?? [])
            {
                volumes[volume.Name] = await MountAsync(entry, volume, cancellationToken);
            }
            return new PodVolumes(volumes);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    public async Task UnmountAsync(string podUid, CancellationToken cancellationToken)
    {
        mounted.TryRemove(podUid, out var entry);
        if (entry is not null)
        {
            await entry.Gate.WaitAsync(cancellationToken);
        }
        try
        {
            objects.Release(podUid);
            tokens.Forget(podUid);
            foreach (var kind in kinds)
            {
                await kind.UnmountAsync(podUid, cancellationToken);
            }
            Mounts.UnmountBelow(PodDirectories.Of(options, podUid));
            if (MountTable.Below(PodDirectories.Of(options, podUid)).Count > 0)
            {
                throw new VolumeException($"volumes of pod {podUid} are still mounted");
            }
            // How the pod's containers ended is told by what else lies beside them.
            foreach (var directory in PodDirectories.Volumes(options, podUid).Where(Directory.Exists))
            {
                Directory.Delete(directory, recursive: true);
            }
        }
        finally
        {
            entry?.Gate.Release();
        }
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await objects.DisposeAsync();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken) =>
        await Task.WhenAll(RefreshChangedAsync(stoppingToken), RenewTokensAsync(stoppingToken))
            .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    private void Refresh(string podUid) => refreshes.Writer.TryWrite(podUid);

    private async Task RefreshChangedAsync(CancellationToken cancellationToken)
    {
        await foreach (var podUid in refreshes.Reader.ReadAllAsync(cancellationToken))
        {
            if (mounted.TryGetValue(podUid, out var entry))
            {
                await RefreshAsync(entry, cancellationToken);
            }
        }
    }

    private async Task RenewTokensAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(TokenCheckInterval, time);
        while (await timer.WaitForNextTickAsync(cancellationToken))
        {
            foreach (var (podUid, _) in mounted.Where(pair => tokens.IsDue(pair.Key) || !pair.Value.Recurring.IsEmpty))
            {
                Refresh(podUid);
            }
        }
    }

    // The first mount is the pod's own; what is missing now is the pod's business only until it runs.
    private async Task RefreshAsync(MountedPod entry, CancellationToken cancellationToken)
    {
        var volumes = (entry.Pod.Spec.Volumes ?? []).Where(volume => entry.Recurring.ContainsKey(volume.Name) || IsMountedContent(entry.Pod, volume)).ToList();
        if (volumes.Count == 0)
        {
            return;
        }
        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var volume in volumes.Where(volume => mounted.ContainsKey(entry.Pod.Metadata.Uid)))
            {
                await MountAsync(entry, volume, cancellationToken);
            }
        }
        catch (Exception failure) when (failure is VolumeException or ApiException or HttpRequestException)
        {
            // An object that is gone leaves its files; the next change or renewal tries again.
            Log.RefreshFailed(logger, entry.Pod.Key(), failure.Message);
        }
        finally
        {
            entry.Gate.Release();
        }
    }

    private async Task<MountedVolume> MountAsync(MountedPod entry, V1Volume volume, CancellationToken cancellationToken)
    {
        var request = await claimed.ResolveAsync(entry.Pod, volume, cancellationToken);
        try
        {
            var kind = kinds.FirstOrDefault(kind => kind.Serves(request)) ?? throw new VolumeException("no volume plugin matched");
            var mount = await kind.MountAsync(request, cancellationToken);
            if (kind.Recurs)
            {
                entry.Recurring[volume.Name] = true;
            }
            return mount;
        }
        catch (Exception failure) when (failure is VolumeException or ApiException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            var step = request.IsBlock ? "MapVolume.SetUpDevice" : "MountVolume.SetUp";
            throw new VolumeException($"{step} failed for volume \"{request.Name}\" : {failure.Message}", failure);
        }
    }

    private bool IsMountedContent(V1Pod pod, V1Volume volume)
    {
        var request = new VolumeRequest(pod, volume, null, null);
        return content.Serves(request) && Directory.Exists(content.PathOf(request));
    }

    private sealed class MountedPod(V1Pod pod)
    {
        public V1Pod Pod { get; set; } = pod;

        public SemaphoreSlim Gate { get; } = new(1);

        /// <summary>Names of volumes that are looked after now and then.</summary>
        public ConcurrentDictionary<string, bool> Recurring { get; } = new(StringComparer.Ordinal);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Volumes of pod {Pod} keep their content: {Reason}")]
        public static partial void RefreshFailed(ILogger logger, ObjectKey pod, string reason);
    }
}
