using System.Collections.Concurrent;
using System.Globalization;
using System.Threading.Channels;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Status;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Volumes;

/// <summary>
/// The volumes of the node's pods, below <c>PodsDirectory/UID/volumes</c>. Mounts and refreshes of one pod exclude each other;
/// its own loop refreshes what changed in the API and renews tokens. Everything is found again on disk after a restart.
/// </summary>
public sealed partial class PodVolumesManager(
    NodeOptions options, IObjectClient client, InformerSet informers, TimeProvider time, ILoggerFactory loggers)
    : BackgroundService, IPodVolumes
{
    private const int RefreshQueueLength = 10_000;
    private static readonly TimeSpan TokenCheckInterval = TimeSpan.FromSeconds(30);
    private readonly ILogger logger = loggers.CreateLogger<PodVolumesManager>();
    private readonly ObjectSources objects = new(client, time, loggers);
    private readonly ServiceAccountTokens tokens = new(client, time);
    private readonly ConcurrentDictionary<string, MountedPod> mounted = new(StringComparer.Ordinal);
    private readonly Channel<string> refreshes = Channel.CreateBounded<string>(
        new BoundedChannelOptions(RefreshQueueLength) { FullMode = BoundedChannelFullMode.DropOldest });

    private VolumeContent Content => field ??= new VolumeContent(objects, tokens, NodeCapacity.OfThisMachine(options));

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
            var paths = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var volume in pod.Spec.Volumes ?? [])
            {
                paths[volume.Name] = await MountAsync(pod, volume, cancellationToken);
            }
            return new PodVolumes(paths);
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
            var directory = Path.Combine(options.PodsDirectory, podUid);
            Mounts.UnmountBelow(directory);
            if (Mounts.Below(directory).Count > 0)
            {
                throw new VolumeException($"volumes of pod {podUid} are still mounted");
            }
            if (Directory.Exists(directory))
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
            foreach (var podUid in mounted.Keys.Where(tokens.IsDue))
            {
                Refresh(podUid);
            }
        }
    }

    // The first mount is the pod's own; what is missing now is the pod's business only until it runs.
    private async Task RefreshAsync(MountedPod entry, CancellationToken cancellationToken)
    {
        var volumes = (entry.Pod.Spec.Volumes ?? []).Where(volume => HasContent(volume) && Directory.Exists(PathOf(entry.Pod, volume))).ToList();
        if (volumes.Count == 0)
        {
            return;
        }
        await entry.Gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var volume in volumes.Where(volume => mounted.ContainsKey(entry.Pod.Metadata.Uid)))
            {
                await MountAsync(entry.Pod, volume, cancellationToken);
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

    private async Task<string> MountAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        try
        {
            return await SetUpAsync(pod, volume, cancellationToken);
        }
        catch (Exception failure) when (failure is VolumeException or ApiException or HttpRequestException or IOException or UnauthorizedAccessException)
        {
            throw new VolumeException($"MountVolume.SetUp failed for volume \"{volume.Name}\" : {failure.Message}", failure);
        }
    }

    private async Task<string> SetUpAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        if (volume.HostPath is { } host)
        {
            HostPathCheck.Ensure(host.Path, host.Type);
            return host.Path;
        }
        if (volume.PersistentVolumeClaim is { } claim)
        {
            return await ClaimedPathAsync(pod, claim.ClaimName, cancellationToken);
        }
        var path = PathOf(pod, volume);
        if (volume.EmptyDir is { } empty)
        {
            SetUpEmptyDirectory(pod, path, empty);
            return path;
        }
        if (!HasContent(volume))
        {
            throw new VolumeException("the volume has a source that this node cannot mount");
        }
        var files = await Content.ForAsync(pod, volume, cancellationToken);
        if (volume.ConfigMap is null)
        {
            EnsureMemory(path, size: null);
        }
        Directory.CreateDirectory(path);
        var group = pod.Spec.SecurityContext?.FsGroup;
        if (AtomicDirectory.Write(path, files, time.GetUtcNow(), folder => Ownership.Apply(folder, group, readOnly: true)))
        {
            File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        }
        return path;
    }

    private static void SetUpEmptyDirectory(V1Pod pod, string path, V1EmptyDirVolumeSource empty)
    {
        if (empty.Medium is not (null or "" or "Memory"))
        {
            throw new VolumeException($"unknown storage medium \"{empty.Medium}\"");
        }
        var present = Directory.Exists(path) && (empty.Medium != "Memory" || IsMounted(path));
        if (present)
        {
            return;
        }
        if (empty.Medium == "Memory")
        {
            EnsureMemory(path, empty.SizeLimit?.ToDecimal() ?? PodLimits.Of(pod).MemoryBytes);
        }
        Directory.CreateDirectory(path);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        Ownership.Apply(path, pod.Spec.SecurityContext?.FsGroup, readOnly: false);
    }

    private static void EnsureMemory(string path, decimal? size)
    {
        Directory.CreateDirectory(path);
        if (!IsMounted(path))
        {
            Native.Mount("tmpfs", path, "tmpfs", 0, size is > 0 ? $"size={((long)size).ToString(CultureInfo.InvariantCulture)}" : null);
        }
    }

    private static bool IsMounted(string path) => Mounts.Below(path).Contains(path, StringComparer.Ordinal);

    // Volumes on this machine's own disk: hostPath and local.
    private async Task<string> ClaimedPathAsync(V1Pod pod, string claimName, CancellationToken cancellationToken)
    {
        var claim = await client.GetAsync<V1PersistentVolumeClaim>(new ObjectKey(pod.Metadata.NamespaceProperty, claimName), cancellationToken);
        if (claim.Status?.Phase != "Bound" || string.IsNullOrEmpty(claim.Spec.VolumeName))
        {
            throw new VolumeException($"PVC {pod.Metadata.NamespaceProperty}/{claimName} is not bound");
        }
        var volume = await client.GetAsync<V1PersistentVolume>(new ObjectKey(null, claim.Spec.VolumeName), cancellationToken);
        if (volume.Spec.HostPath is { } host)
        {
            HostPathCheck.Ensure(host.Path, host.Type);
            return host.Path;
        }
        if (volume.Spec.Local is { } local)
        {
            HostPathCheck.Ensure(local.Path, "Directory");
            return local.Path;
        }
        throw new VolumeException($"persistent volume \"{volume.Metadata.Name}\" has a source that this node cannot mount");
    }

    private static bool HasContent(V1Volume volume) =>
        volume.ConfigMap is not null || volume.Secret is not null || volume.DownwardAPI is not null || volume.Projected is not null;

    private string PathOf(V1Pod pod, V1Volume volume) =>
        Path.Combine(options.PodsDirectory, pod.Metadata.Uid, "volumes", "kubernetes.io~" + PluginOf(volume), volume.Name);

    private static string PluginOf(V1Volume volume) =>
        volume.ConfigMap is not null ? "configmap"
        : volume.Secret is not null ? "secret"
        : volume.DownwardAPI is not null ? "downward-api"
        : volume.Projected is not null ? "projected"
        : "empty-dir";

    private sealed class MountedPod(V1Pod pod)
    {
        public V1Pod Pod { get; set; } = pod;

        public SemaphoreSlim Gate { get; } = new(1);
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Volumes of pod {Pod} keep their content: {Reason}")]
        public static partial void RefreshFailed(ILogger logger, ObjectKey pod, string reason);
    }
}
