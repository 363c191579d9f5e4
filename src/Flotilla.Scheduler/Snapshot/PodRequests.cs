using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// What a pod asks of a node: its containers together, or the hungriest moment of its start, whichever is more. A running
/// container counts with what it has or wants, whichever is more, while it is being resized.
/// </summary>
public static class PodRequests
{
    // Pods that ask for nothing are still spread as if each needed a little.
    private const long DefaultMilliCpu = 100;
    private const long DefaultMemoryBytes = 200L * 1024 * 1024;

    public static Resources For(V1Pod pod) => Sum(pod, (container, held) => Asked(pod, container, held));

    /// <summary>The same with a small default for containers without requests; used for scoring only.</summary>
    public static Resources ForScoring(V1Pod pod) => Sum(pod, (container, held) =>
    {
        var requests = container.Resources?.Requests;
        var asked = Asked(pod, container, held);
        return asked with
        {
            MilliCpu = requests?.ContainsKey("cpu") == true ? asked.MilliCpu : DefaultMilliCpu,
            MemoryBytes = requests?.ContainsKey("memory") == true ? asked.MemoryBytes : DefaultMemoryBytes,
        };
    });

    private static Resources Asked(V1Pod pod, V1Container container, V1ContainerStatus? status)
    {
        var wanted = Resources.From(container.Resources?.Requests);
        if (status is null || (status.AllocatedResources is null && status.Resources?.Requests is null))
        {
            return wanted;
        }

        var held = Resources.Max(Resources.From(status.Resources?.Requests), Resources.From(status.AllocatedResources));
        return IsInfeasible(pod) ? held : Resources.Max(wanted, held);
    }

    // A resize that the node has ruled out will not happen, so what it wants does not count.
    private static bool IsInfeasible(V1Pod pod) =>
        pod.Status?.Conditions?.Any(condition => condition is { Type: "PodResizePending", Reason: "Infeasible" }) == true;

    private static Resources Sum(V1Pod pod, Func<V1Container, V1ContainerStatus?, Resources> read)
    {
        var spec = pod.Spec;
        var running = Resources.None;
        foreach (var container in spec.Containers ?? [])
        {
            running += read(container, StatusOf(pod.Status?.ContainerStatuses, container));
        }

        var sidecars = Resources.None;
        var peak = Resources.None;
        foreach (var container in spec.InitContainers ?? [])
        {
            var asked = read(container, StatusOf(pod.Status?.InitContainerStatuses, container));
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
            total = total.Replaced(podLevel);
        }

        return spec.Overhead is { Count: > 0 } overhead ? total + Resources.From(overhead) : total;
    }

    private static V1ContainerStatus? StatusOf(IList<V1ContainerStatus>? statuses, V1Container container)
    {
        foreach (var status in statuses ?? [])
        {
            if (status.Name == container.Name)
            {
                return status;
            }
        }

        return null;
    }
}
