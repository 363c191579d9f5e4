using Flotilla.Client.Metrics;

namespace Flotilla.Node.Statistics;

/// <summary>The series of <c>/metrics/resource</c>: processor and memory of the node, its pods and their containers.</summary>
internal sealed class ResourceSeries(UsageSampler sampler)
{
    public void Write(MetricsText text)
    {
        var sample = sampler.Latest;
        var containers = sample.Pods.SelectMany(pod => pod.Containers.Select(container => (Pod: pod, Container: container))).ToList();
        var pods = sample.Pods.Where(pod => pod.Usage is not null).ToList();
        foreach (var (name, type, help, value) in Amounts)
        {
            Family(text, $"container_{name}", type, help + " of the container", containers, pair => (pair.Container.Usage.Counters.Time, value(pair.Container.Usage.Counters), [("container", pair.Container.Name), .. Labels(pair.Pod)]));
            Family(text, $"pod_{name}", type, help + " of the pod", pods, pod => (pod.Usage!.Counters.Time, value(pod.Usage.Counters), Labels(pod)));
            Family(text, $"node_{name}", type, help + " of the node", sample.Node is { } node ? new[] { node } : [], usage => (usage.Counters.Time, value(usage.Counters), []));
        }
        text.Family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds");
        foreach (var (pod, container) in containers)
        {
            text.Sample("container_start_time_seconds", container.Container.CreatedAt / 1e9, [("container", container.Name), .. Labels(pod)]);
        }
        text.Family("resource_scrape_error", "gauge", "1 if there was an error while getting container metrics, 0 otherwise");
        text.Sample("resource_scrape_error", sample.Node is null ? 1 : 0);
    }

    private static readonly (string Name, string Type, string Help, Func<CgroupCounters, double> Value)[] Amounts =
    [
        ("cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in core-seconds", counters => counters.CpuNanoseconds / 1e9),
        ("memory_working_set_bytes", "gauge", "Current working set in bytes", counters => counters.WorkingSetBytes),
        ("swap_usage_bytes", "gauge", "Current amount of swap used in bytes", counters => counters.SwapBytes),
    ];

    private static void Family<T>(
        MetricsText text, string name, string type, string help, IReadOnlyCollection<T> items, Func<T, (DateTimeOffset Time, double Value, (string, string)[] Labels)> sample)
    {
        text.Family(name, type, help);
        foreach (var item in items)
        {
            var (time, value, labels) = sample(item);
            text.Sample(name, value, time, labels);
        }
    }

    private static (string, string)[] Labels(PodSample pod) => [("namespace", pod.Pod.Metadata.NamespaceProperty), ("pod", pod.Pod.Metadata.Name)];
}
