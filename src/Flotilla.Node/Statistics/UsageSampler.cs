using Flotilla.Linux.Cri;
using Flotilla.Node.Pods;
using Microsoft.Extensions.Hosting;
using k8s.Models;

namespace Flotilla.Node.Statistics;

/// <summary>Reads all accounts every ten seconds. The latest sample serves everybody; nothing is read for those who ask.</summary>
internal sealed class UsageSampler(PodCgroups cgroups, CgroupFiles files, RuntimeView runtime, Func<IEnumerable<V1Pod>> pods, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private Dictionary<string, CgroupCounters> before = new(StringComparer.Ordinal);
    private volatile UsageSample latest = UsageSample.None;

    public UsageSample Latest => latest;

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                latest = Sample();
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The last sample stays what it was.
        }
    }

    private UsageSample Sample()
    {
        var now = new Dictionary<string, CgroupCounters>(StringComparer.Ordinal);
        var containers = runtime.Containers.Where(container => container.State == ContainerState.ContainerRunning)
            .ToLookup(container => container.Labels.GetValueOrDefault(RuntimeLabels.PodUid, ""), StringComparer.Ordinal);
        var sandboxes = runtime.Sandboxes.Where(sandbox => sandbox.State == PodSandboxState.SandboxReady)
            .ToLookup(sandbox => sandbox.Metadata.Uid, StringComparer.Ordinal);
        var samples = pods().Select(pod => SampleOf(pod, sandboxes[pod.Metadata.Uid].FirstOrDefault(), containers[pod.Metadata.Uid], now)).ToList();
        var sample = new UsageSample(Read("/", null, now), Read(cgroups.Root, null, now), samples);
        before = now;
        return sample;
    }

    private PodSample SampleOf(V1Pod pod, PodSandbox? sandbox, IEnumerable<Container> containers, Dictionary<string, CgroupCounters> now)
    {
        var path = cgroups.PathOf(pod);
        var running = containers.Select(container => (Container: container, Path: $"{path}/{container.Id}"))
            .Select(pair => (pair.Container, pair.Path, Usage: Read(pair.Path, Began(pair.Container.CreatedAt), now)))
            .Where(read => read.Usage is not null)
            .Select(read => new ContainerSample(read.Container, read.Container.Metadata.Name, read.Path, read.Usage!))
            .ToList();
        var began = sandbox is null ? (DateTimeOffset?)null : Began(sandbox.CreatedAt);
        return new PodSample(pod, sandbox is null ? null : Read(path, began, now), sandbox, running, Links(pod, path, sandbox));
    }

    // The sandbox's own process is in the pod's network from its beginning to its end.
    private IReadOnlyList<LinkCounters> Links(V1Pod pod, string path, PodSandbox? sandbox) =>
        sandbox is not null && !pod.IsHostNetwork() && files.AnyProcess($"{path}/{sandbox.Id}") is { } process ? LinkCounters.Of(process) : [];

    private CgroupUsage? Read(string path, DateTimeOffset? began, Dictionary<string, CgroupCounters> now)
    {
        if (files.Read(path) is not { } counters)
        {
            return null;
        }
        now[path] = counters;
        return CgroupUsage.Since(counters, before.GetValueOrDefault(path), began);
    }

    private static DateTimeOffset Began(long nanoseconds) => DateTimeOffset.UnixEpoch.AddTicks(nanoseconds / 100);
}
