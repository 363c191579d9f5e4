using Flotilla.Client;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using Flotilla.Node.Statistics;
using Flotilla.Node.Status;
using Grpc.Core;
using k8s.Models;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Flotilla.Node.Eviction;

/// <summary>
/// Looks every ten seconds at what is left on the machine and at pods that set themselves limits. When too little is left it
/// clears away what nobody needs, and if that does not do, asks one pod to leave.
/// </summary>
internal sealed partial class EvictionService(
    NodeOptions options, PodAgent agent, UsageSampler sampler, DiskAccounts disks, ImageCollector images, EvictionSignals signals,
    EventRecorder events, TimeProvider time, ILogger<EvictionService> logger) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LeastGrace = TimeSpan.FromSeconds(1);
    private readonly EvictionState state = new(options.EvictionThresholds, options.PressureTransition);
    private PodWorker? leaving;

    public NodePressure Pressure => state.Pressure;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                await LookAsync(stoppingToken);
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // Whoever is to leave will be asked by the next agent.
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var shortages = state.Observe(signals.Read(), time.GetUtcNow());
            if (await EvictExcessAsync(cancellationToken) || shortages.Count == 0 || leaving is { IsDone: false })
            {
                return;
            }
            await RelieveAsync(shortages[0], cancellationToken);
        }
        catch (Exception failure) when (failure is RpcException or IOException && !cancellationToken.IsCancellationRequested)
        {
            Log.Failed(logger, failure.Message);
        }
    }

    // Pods that keep more on the disk than they said they would go, however much of it is left.
    private async Task<bool> EvictExcessAsync(CancellationToken cancellationToken)
    {
        var limited = agent.Workers.Where(worker => worker.IsActive && StorageLimits.HasAny(worker.Pod)).ToList();
        if (limited.Count == 0)
        {
            return false;
        }
        var layers = await disks.LayersAsync(cancellationToken);
        var evicted = false;
        foreach (var worker in limited)
        {
            if (StorageLimits.Excess(CandidateOf(worker, layers), volume => disks.EmptyDirectory(worker.Pod, volume)) is { } message)
            {
                evicted |= Evict(worker, message, LeastGrace);
            }
        }
        return evicted;
    }

    private async Task RelieveAsync(Shortage shortage, CancellationToken cancellationToken)
    {
        var resource = EvictionMessages.ResourceOf(shortage.Threshold.Signal);
        events.Record(Self, "Warning", "EvictionThresholdMet", $"Attempting to reclaim {resource}");
        if (resource is "ephemeral-storage" or "inodes")
        {
            await images.RemoveUnusedAsync(TimeSpan.Zero, long.MaxValue, cancellationToken);
            if (state.Observe(signals.Read(), time.GetUtcNow()).All(still => still.Threshold != shortage.Threshold))
            {
                return;
            }
        }
        var layers = resource == "ephemeral-storage" ? await disks.LayersAsync(cancellationToken) : new Dictionary<string, DiskUse>(StringComparer.Ordinal);
        var active = agent.Workers.Where(worker => worker.IsActive).ToList();
        var candidates = active.Select(worker => CandidateOf(worker, layers, resource is "ephemeral-storage" or "inodes"));
        foreach (var candidate in EvictionRanking.For(shortage.Threshold.Signal, candidates))
        {
            var worker = active.First(worker => worker.Uid == candidate.Pod.Metadata.Uid);
            var grace = shortage.Threshold.Patience > TimeSpan.Zero ? Least(options.LongestEvictionGrace, candidate.Pod.GracePeriod()) : LeastGrace;
            if (Evict(worker, EvictionMessages.For(shortage, candidate), grace))
            {
                leaving = worker;
                return;
            }
        }
        Log.NobodyLeaves(logger, resource);
    }

    private bool Evict(PodWorker worker, string message, TimeSpan grace)
    {
        if (!worker.Evict(PodFailures.Evicted, message, grace))
        {
            return false;
        }
        events.Record(worker.Pod, "Warning", PodFailures.Evicted, message);
        Log.Evicted(logger, worker.Pod.Key(), message);
        return true;
    }

    private EvictionCandidate CandidateOf(PodWorker worker, IReadOnlyDictionary<string, DiskUse> layers, bool measuresDisk = true)
    {
        var sample = sampler.Latest.Pods.FirstOrDefault(sample => sample.Pod.Metadata.Uid == worker.Uid);
        var containers = sample?.Containers ?? [];
        return new EvictionCandidate(worker.Pod)
        {
            MemoryBytes = sample?.Usage?.Counters.WorkingSetBytes ?? 0,
            Processes = sample?.Usage?.Counters.Processes ?? 0,
            Disk = measuresDisk ? disks.EphemeralUse(worker.Pod, containers.Select(container => layers.GetValueOrDefault(container.Container.Id))) : default,
            ContainerMemory = containers.GroupBy(container => container.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Usage.Counters.WorkingSetBytes, StringComparer.Ordinal),
            ContainerDisk = measuresDisk
                ? containers.GroupBy(container => container.Name, StringComparer.Ordinal).ToDictionary(group => group.Key, group => layers.GetValueOrDefault(group.First().Container.Id) + disks.Logs(worker.Pod, group.Key), StringComparer.Ordinal)
                : new Dictionary<string, DiskUse>(StringComparer.Ordinal),
        };
    }

    private V1ObjectReference Self => new() { ApiVersion = "v1", Kind = "Node", Name = options.NodeName, Uid = options.NodeName };

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Warning, Message = "Pod {Pod} is evicted: {Reason}")]
        public static partial void Evicted(ILogger logger, Api.ObjectKey pod, string reason);

        [LoggerMessage(Level = LogLevel.Warning, Message = "The node is short of {Resource}, and there is no pod that could leave")]
        public static partial void NobodyLeaves(ILogger logger, string resource);

        [LoggerMessage(Level = LogLevel.Warning, Message = "What is left on the node could not be read: {Reason}")]
        public static partial void Failed(ILogger logger, string reason);
    }
}
