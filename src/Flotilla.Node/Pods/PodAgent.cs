using System.Collections.Concurrent;
using Flotilla.Client;
using Flotilla.Linux.Containerd;
using Flotilla.Linux.Cri;
using Flotilla.Node.Volumes.Kinds;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>
/// Gives every pod of this node a worker and wakes it when the pod changes in the cluster or in the runtime.
/// Nothing is stopped that the cluster has not been asked about: workers begin when the pods are known.
/// </summary>
internal sealed partial class PodAgent(PodServices services, NamedVolumes named, Informer<V1Pod> pods, Informer<V1Node> nodes, ILogger<PodAgent> logger) : BackgroundService
{
    private static readonly TimeSpan RelistInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReconnectAfter = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, PodWorker> workers = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, Task> running = new(StringComparer.Ordinal);
    private readonly HashSet<string> finished = new(StringComparer.Ordinal);
    private readonly Lock gate = new();
    private readonly SemaphoreSlim relisting = new(1, 1);
    private IReadOnlyList<V1Pod> fromFiles = [];
    private CancellationToken stopping;
    private bool isReady;
    private Dictionary<string, string> seen = new(StringComparer.Ordinal);

    /// <summary>The pods that run from files of this node.</summary>
    public IReadOnlyList<V1Pod> Static
    {
        get
        {
            lock (gate)
            {
                return fromFiles;
            }
        }
    }

    /// <summary>Called when <see cref="Static"/> has changed.</summary>
    public Action StaticChanged { get; set; } = () => { };

    /// <summary>All pods of the node, wherever they come from, as they are wanted.</summary>
    public IEnumerable<V1Pod> Known => workers.Values.Select(worker => worker.Pod);

    public ICollection<PodWorker> Workers => workers.Values;

    /// <summary>The uids of all of them; null: not all are known yet.</summary>
    public IReadOnlySet<string>? KnownUids
    {
        get
        {
            lock (gate)
            {
                return isReady ? workers.Keys.ToHashSet(StringComparer.Ordinal) : null;
            }
        }
    }

    /// <summary>What the node's files describe now. A pod of a changed file runs when its predecessor of that name has ended.</summary>
    public void SetStatic(IReadOnlyList<V1Pod> pods)
    {
        lock (gate)
        {
            fromFiles = pods;
            if (isReady)
            {
                FollowStatic();
            }
        }
        StaticChanged();
    }

    // Under the gate.
    private void FollowStatic()
    {
        var wanted = fromFiles.ToDictionary(pod => pod.Metadata.Uid, StringComparer.Ordinal);
        foreach (var worker in workers.Values.Where(worker => StaticPods.IsStatic(worker.Pod) && !wanted.ContainsKey(worker.Uid)))
        {
            worker.Update(null);
        }
        foreach (var pod in wanted.Values.Where(pod => !workers.Values.Any(worker => worker.Uid == pod.Metadata.Uid || (StaticPods.IsStatic(worker.Pod) && worker.Pod.Key() == pod.Key()))))
        {
            Start(pod, gone: false, stopping);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await pods.WaitForSyncAsync(stoppingToken);
            await nodes.WaitForSyncAsync(stoppingToken);
            KeepRunning();
            pods.Subscribe(change => Change(change, stoppingToken));
            lock (gate)
            {
                (stopping, isReady) = (stoppingToken, true);
                FollowStatic();
            }
            await RemoveOrphansAsync(stoppingToken);
            await ReleaseVolumesAsync(stoppingToken);
            await Task.WhenAll(RelistForeverAsync(stoppingToken), FollowEventsAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Containers keep running: only their supervision pauses.
        }
        await Task.WhenAll(running.Values);
    }

    private void Change(ObjectChange<V1Pod> change, CancellationToken stoppingToken)
    {
        var pod = change.Latest;
        if (StaticPods.IsMirror(pod))
        {
            return;
        }
        lock (gate)
        {
            if (finished.Contains(pod.Metadata.Uid))
            {
                // Its last trace here is gone; what remains are the echoes of its removal from the cluster.
                if (change.New is null)
                {
                    finished.Remove(pod.Metadata.Uid);
                }
            }
            else if (workers.TryGetValue(pod.Metadata.Uid, out var worker))
            {
                worker.Update(change.New is { } now ? OnNode(now) : null);
            }
            else if (change.New is not null)
            {
                Start(OnNode(pod), gone: false, stoppingToken);
            }
        }
    }

    private V1Pod OnNode(V1Pod pod) => nodes.Get(new Api.ObjectKey(null, services.Options.NodeName)) is { } node ? services.Options.OnNode(pod, node) : pod;

    // Those that run already have what they were given; only then are others let in.
    private void KeepRunning()
    {
        foreach (var pod in pods.List().Where(pod => pod.Status?.Phase == "Running" && !StaticPods.IsMirror(pod)))
        {
            services.Admission.Admit(pod, isKnown: true, () => Wake(pod.Metadata.Uid));
        }
    }

    private void Wake(string podUid)
    {
        if (workers.TryGetValue(podUid, out var worker))
        {
            worker.Wake();
        }
    }

    private void Start(V1Pod pod, bool gone, CancellationToken stoppingToken)
    {
        var worker = new PodWorker(pod, services);
        if (gone)
        {
            worker.Update(null);
        }
        workers[pod.Metadata.Uid] = worker;
        running[pod.Metadata.Uid] = Task.Run(() => RunAsync(worker, stoppingToken), CancellationToken.None);
    }

    private async Task RunAsync(PodWorker worker, CancellationToken stoppingToken)
    {
        try
        {
            await worker.RunAsync(stoppingToken);
        }
        catch (Exception failure)
        {
            Log.WorkerFailed(logger, failure, worker.Uid);
        }
        lock (gate)
        {
            workers.TryRemove(worker.Uid, out _);
            running.TryRemove(worker.Uid, out _);
            if (!worker.IsGone)
            {
                finished.Add(worker.Uid);
            }
            if (isReady && !stoppingToken.IsCancellationRequested)
            {
                FollowStatic();
            }
        }
    }

    // Pods that were deleted while no agent ran.
    private async Task RemoveOrphansAsync(CancellationToken stoppingToken)
    {
        var sandboxes = await services.Runtime.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: stoppingToken);
        foreach (var sandbox in sandboxes.Items.Where(sandbox =>
            sandbox.Labels.ContainsKey(RuntimeLabels.PodUid) && PodDirectories.IsOurs(services.Options, sandbox.Metadata.Uid)))
        {
            lock (gate)
            {
                if (!workers.ContainsKey(sandbox.Metadata.Uid))
                {
                    Start(Orphan(sandbox), gone: true, stoppingToken);
                }
            }
        }
    }

    private async Task ReleaseVolumesAsync(CancellationToken stoppingToken)
    {
        try
        {
            await named.ReleaseUnknownAsync(() => KnownUids!, stoppingToken);
        }
        catch (VolumeException stuck)
        {
            Log.VolumesStay(logger, stuck.Message);
        }
    }

    private static V1Pod Orphan(PodSandbox sandbox) => new()
    {
        Metadata = new V1ObjectMeta
        {
            Name = sandbox.Metadata.Name,
            NamespaceProperty = sandbox.Metadata.Namespace,
            Uid = sandbox.Metadata.Uid,
        },
        Spec = new V1PodSpec { Containers = [] },
    };

    private async Task RelistForeverAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(RelistInterval, services.Time);
        do
        {
            try
            {
                await RelistAsync(cancellationToken);
            }
            catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
            {
                Log.RelistFailed(logger, failure.Status.Detail);
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Wakes the workers of all pods in which something changed since the last look.</summary>
    private async Task RelistAsync(CancellationToken cancellationToken)
    {
        await relisting.WaitAsync(cancellationToken);
        try
        {
            var sandboxes = services.Runtime.Runtime.ListPodSandboxAsync(new ListPodSandboxRequest(), cancellationToken: cancellationToken);
            var containers = services.Runtime.Runtime.ListContainersAsync(new ListContainersRequest(), cancellationToken: cancellationToken);
            services.View.Set((await sandboxes).Items, (await containers).Containers);
            var parts = services.View.Sandboxes.Select(item => (Uid: item.Metadata.Uid, Part: $"{item.Id}{item.State}"))
                .Concat(services.View.Containers.Select(item => (Uid: item.Labels.GetValueOrDefault(RuntimeLabels.PodUid, ""), Part: $"{item.Id}{item.State}")));
            var now = parts.GroupBy(part => part.Uid, StringComparer.Ordinal).ToDictionary(
                group => group.Key,
                group => string.Join(' ', group.Select(part => part.Part).Order(StringComparer.Ordinal)),
                StringComparer.Ordinal);
            foreach (var uid in now.Keys.Union(seen.Keys, StringComparer.Ordinal))
            {
                if (now.GetValueOrDefault(uid) != seen.GetValueOrDefault(uid) && workers.TryGetValue(uid, out var worker))
                {
                    worker.Wake();
                }
            }
            seen = now;
        }
        finally
        {
            relisting.Release();
        }
    }

    // The quick way to learn of an exit; relisting is the sure one.
    private async Task FollowEventsAsync(CancellationToken cancellationToken)
    {
        var client = new Events.EventsClient(services.Runtime.Channel);
        while (!cancellationToken.IsCancellationRequested)
        {
            try
            {
                using var stream = client.Subscribe(new SubscribeRequest { Filters = { "topic==\"/tasks/exit\"" } }, cancellationToken: cancellationToken);
                await foreach (var envelope in stream.ResponseStream.ReadAllAsync(cancellationToken))
                {
                    var exit = TaskEvent.Parser.ParseFrom(envelope.Event.Value);
                    if (exit.Id == exit.ContainerId)
                    {
                        await WaitUntilExitedAsync(exit.ContainerId, cancellationToken);
                        await RelistAsync(cancellationToken);
                    }
                }
            }
            catch (RpcException failure) when (!cancellationToken.IsCancellationRequested)
            {
                Log.EventsFailed(logger, failure.Status.Detail);
                await Task.Delay(ReconnectAfter, services.Time, cancellationToken);
            }
        }
    }

    // The CRI side of the runtime hears of the exit at the same time as we do, and may need a moment more.
    private async Task WaitUntilExitedAsync(string container, CancellationToken cancellationToken)
    {
        for (var delay = 1; delay <= 64; delay *= 2)
        {
            try
            {
                var answer = await services.Runtime.Runtime.ContainerStatusAsync(
                    new ContainerStatusRequest { ContainerId = container }, cancellationToken: cancellationToken);
                if (answer.Status.State == ContainerState.ContainerExited)
                {
                    return;
                }
            }
            catch (RpcException failure) when (failure.StatusCode == StatusCode.NotFound)
            {
                return;
            }
            await Task.Delay(TimeSpan.FromMilliseconds(delay), services.Time, cancellationToken);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Error, Message = "The worker of pod {Uid} failed")]
        public static partial void WorkerFailed(ILogger logger, Exception failure, string uid);

        [LoggerMessage(Level = LogLevel.Warning, Message = "Volumes of pods that are gone stay mounted: {Reason}")]
        public static partial void VolumesStay(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The container runtime could not be listed: {Reason}")]
        public static partial void RelistFailed(ILogger logger, string reason);

        [LoggerMessage(Level = LogLevel.Debug, Message = "The container runtime's events ended: {Reason}")]
        public static partial void EventsFailed(ILogger logger, string reason);
    }
}
