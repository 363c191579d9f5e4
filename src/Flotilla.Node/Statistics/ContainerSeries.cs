using Flotilla.Client.Metrics;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Statistics;

/// <summary>The series of <c>/metrics/cadvisor</c>, by cAdvisor's names: of every cgroup from the root to the containers, and of pods' networks.</summary>
internal sealed class ContainerSeries(UsageSampler sampler, PodCgroups cgroups, NodeOptions options)
{
    private const long PeriodMicroseconds = 100_000;

    private static readonly Series[] All =
    [
        new("container_cpu_usage_seconds_total", "counter", "Cumulative cpu time consumed in seconds.", counters => counters.CpuNanoseconds / 1e9, ("cpu", "total")),
        new("container_cpu_user_seconds_total", "counter", "Cumulative user cpu time consumed in seconds.", counters => counters.CpuUserNanoseconds / 1e9),
        new("container_cpu_system_seconds_total", "counter", "Cumulative system cpu time consumed in seconds.", counters => counters.CpuSystemNanoseconds / 1e9),
        new("container_cpu_cfs_periods_total", "counter", "Number of elapsed enforcement period intervals.", counters => counters.Periods),
        new("container_cpu_cfs_throttled_periods_total", "counter", "Number of throttled period intervals.", counters => counters.ThrottledPeriods),
        new("container_cpu_cfs_throttled_seconds_total", "counter", "Total time duration the container has been throttled.", counters => counters.ThrottledNanoseconds / 1e9),
        new("container_memory_usage_bytes", "gauge", "Current memory usage in bytes, including all memory regardless of when it was accessed", counters => counters.MemoryBytes),
        new("container_memory_working_set_bytes", "gauge", "Current working set in bytes.", counters => counters.WorkingSetBytes),
        new("container_memory_rss", "gauge", "Size of RSS in bytes.", counters => counters.RssBytes),
        new("container_memory_cache", "gauge", "Number of bytes of page cache memory.", counters => counters.CacheBytes),
        new("container_memory_mapped_file", "gauge", "Size of memory mapped files in bytes.", counters => counters.MappedFileBytes),
        new("container_memory_swap", "gauge", "Container swap usage in bytes.", counters => counters.SwapBytes),
        new("container_memory_max_usage_bytes", "gauge", "Maximum memory usage recorded in bytes", counters => counters.MaxMemoryBytes),
        new("container_memory_failcnt", "counter", "Number of memory usage hits limits", counters => counters.MemoryFailures),
        new("container_memory_failures_total", "counter", "Cumulative count of memory allocation failures.", counters => counters.PageFaults, ("failure_type", "pgfault")),
        new("container_oom_events_total", "counter", "Count of out of memory events observed for the container", counters => counters.OomKills),
        new("container_processes", "gauge", "Number of processes running inside the container.", counters => counters.Processes),
        new("container_spec_cpu_shares", "gauge", "CPU share of the container.", counters => counters.CpuShares),
        new("container_spec_cpu_period", "gauge", "CPU period of the container.", _ => PeriodMicroseconds),
        new("container_spec_memory_limit_bytes", "gauge", "Memory limit for the container.", counters => counters.MemoryLimitBytes ?? 0),
        new("container_last_seen", "gauge", "Last time a container was seen by the exporter", counters => counters.Time.ToUnixTimeSeconds()),
    ];

    public void Write(MetricsText text)
    {
        var sample = sampler.Latest;
        var rows = Rows(sample).ToList();
        foreach (var series in All)
        {
            text.Family(series.Name, series.Type, series.Help);
            foreach (var row in rows)
            {
                text.Sample(series.Name, series.Value(row.Counters), row.Counters.Time, series.Extra is { } extra ? [.. row.Labels, extra] : row.Labels);
            }
        }
        text.Family("container_start_time_seconds", "gauge", "Start time of the container since unix epoch in seconds.");
        foreach (var (pod, container) in sample.Pods.SelectMany(pod => pod.Containers.Select(container => (pod, container))))
        {
            text.Sample("container_start_time_seconds", container.Container.CreatedAt / 1_000_000_000, LabelsOf(pod, container));
        }
        WriteNetworks(text, sample);
        WriteMachine(text);
    }

    private static readonly (string Name, string Help, Func<LinkCounters, long> Value)[] Network =
    [
        ("container_network_receive_bytes_total", "Cumulative count of bytes received", link => link.ReceivedBytes),
        ("container_network_receive_packets_total", "Cumulative count of packets received", link => link.ReceivedPackets),
        ("container_network_receive_errors_total", "Cumulative count of errors encountered while receiving", link => link.ReceiveErrors),
        ("container_network_receive_packets_dropped_total", "Cumulative count of packets dropped while receiving", link => link.ReceiveDrops),
        ("container_network_transmit_bytes_total", "Cumulative count of bytes transmitted", link => link.SentBytes),
        ("container_network_transmit_packets_total", "Cumulative count of packets transmitted", link => link.SentPackets),
        ("container_network_transmit_errors_total", "Cumulative count of errors encountered while transmitting", link => link.SendErrors),
        ("container_network_transmit_packets_dropped_total", "Cumulative count of packets dropped while transmitting", link => link.SendDrops),
    ];

    // A pod's network is its sandbox's.
    private void WriteNetworks(MetricsText text, UsageSample sample)
    {
        foreach (var (name, help, value) in Network)
        {
            text.Family(name, "counter", help);
            foreach (var pod in sample.Pods.Where(pod => pod.Sandbox is not null && pod.Usage is not null))
            {
                foreach (var link in pod.Links)
                {
                    text.Sample(name, value(link), pod.Usage!.Counters.Time, [.. Labels($"{cgroups.PathOf(pod.Pod)}/{pod.Sandbox!.Id}", "", pod.Sandbox.Id, "", pod), ("interface", link.Name)]);
                }
            }
        }
    }

    private void WriteMachine(MetricsText text)
    {
        var capacity = Status.NodeCapacity.OfThisMachine(options);
        text.Family("machine_cpu_cores", "gauge", "Number of logical CPU cores.");
        text.Sample("machine_cpu_cores", capacity.Cores);
        text.Family("machine_memory_bytes", "gauge", "Amount of memory installed on the machine.");
        text.Sample("machine_memory_bytes", capacity.MemoryBytes);
    }

    private IEnumerable<(CgroupCounters Counters, (string, string)[] Labels)> Rows(UsageSample sample)
    {
        if (sample.Node is { } node)
        {
            yield return (node.Counters, Labels("/", "", "", "", null));
        }
        if (sample.AllPods is { } all)
        {
            yield return (all.Counters, Labels(cgroups.Root, "", "", "", null));
        }
        foreach (var pod in sample.Pods.Where(pod => pod.Usage is not null))
        {
            yield return (pod.Usage!.Counters, Labels(cgroups.PathOf(pod.Pod), "", "", "", pod));
            foreach (var container in pod.Containers)
            {
                yield return (container.Usage.Counters, LabelsOf(pod, container));
            }
        }
    }

    private static (string, string)[] LabelsOf(PodSample pod, ContainerSample container) =>
        Labels(container.Cgroup, container.Container.Image?.Image ?? "", container.Container.Id, container.Name, pod);

    private static (string, string)[] Labels(string id, string image, string name, string container, PodSample? pod) =>
    [
        ("container", container), ("id", id), ("image", image), ("name", name),
        ("namespace", pod?.Pod.Metadata.NamespaceProperty ?? ""), ("pod", pod?.Pod.Metadata.Name ?? ""),
    ];

    private sealed record Series(string Name, string Type, string Help, Func<CgroupCounters, double> Value, (string, string)? Extra = null);
}
