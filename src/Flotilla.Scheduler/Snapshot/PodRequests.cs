using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>What a pod asks of a node: its containers together, or the hungriest moment of its start, whichever is more.</summary>
public static class PodRequests
{
    // Pods that ask for nothing are still spread as if each needed a little.
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemoryBytes = 200L * 1024 * 1024;

    public static Resources For(V1PodSpec spec) => Sum(spec, Resources.From);

    /// <summary>The same with a small default for containers without requests; used for scoring only.</summary>
    public static Resources ForScoring(V1PodSpec spec) => Sum(spec, requests =>
    {
        var asked = Resources.From(requests);
        return asked with
        {
            MilliCpu = requests?.ContainsKey("cpu") == true ? asked.MilliCpu : DefaultMilliCpu,
            MemoryBytes = requests?.ContainsKey("memory") == true ? asked.MemoryBytes : DefaultMemoryBytes,
        };
    });

    private static Resources Sum(V1PodSpec spec, Func<IDictionary<string, ResourceQuantity>?, Resources> read)
    {
        var running = new Resources(0, 0, 0);
        foreach (var container in spec.Containers ?? [])
        {
            running += read(container.Resources?.Requests);
        }

        var sidecars = new Resources(0, 0, 0);
        var peak = new Resources(0, 0, 0);
        foreach (var container in spec.InitContainers ?? [])
        {
            var asked = read(container.Resources?.Requests);
            if (container.RestartPolicy == "Always")
            {
                sidecars += asked;
                running += asked;
                peak = Resources.Max(peak, sidecars);
            }
            else
            {
                peak = Resources.Max(peak, sidecars + asked);
            }
        }

        var total = Resources.Max(running, peak);
        if (spec.Resources?.Requests is { Count: > 0 } podLevel)
        {
            total = Override(total, podLevel);
        }

        return spec.Overhead is { Count: > 0 } overhead ? total + Resources.From(overhead) : total;
    }

    private static Resources Override(Resources total, IDictionary<string, ResourceQuantity> podLevel)
    {
        var asked = Resources.From(podLevel);
        return total with
        {
            MilliCpu = podLevel.ContainsKey("cpu") ? asked.MilliCpu : total.MilliCpu,
            MemoryBytes = podLevel.ContainsKey("memory") ? asked.MemoryBytes : total.MemoryBytes,
        };
    }
}
