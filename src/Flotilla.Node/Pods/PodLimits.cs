using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>What a pod's containers may use together, and the arithmetic from Kubernetes' quantities to the kernel's. Null: no limit.</summary>
internal sealed record PodLimits(long CpuShares, long? CpuQuotaMicroseconds, long? MemoryBytes)
{
    private const long MinShares = 2;
    private const long MaxShares = 262_144;
    private const long MinQuotaMicroseconds = 1000;
    private const long PeriodMicroseconds = 100_000;

    public static PodLimits Of(V1Pod pod)
    {
        return new PodLimits(
            Shares(PodRequests.Of(pod, "cpu")),
            Limit(pod, "cpu") is { } cpu ? Quota(cpu) : null,
            Limit(pod, "memory") is { } memory ? (long)memory : null);
    }

    public static long Shares(decimal cores) => Math.Clamp((long)(cores * 1024), MinShares, MaxShares);

    public static long Quota(decimal cores) => Math.Max((long)(cores * PeriodMicroseconds), MinQuotaMicroseconds);

    public static decimal? Quantity(IDictionary<string, ResourceQuantity>? quantities, string name) =>
        quantities is not null && quantities.TryGetValue(name, out var quantity) ? quantity.ToDecimal() : null;

    /// <summary>Upstream's rule: containers and sidecars together, or the greediest init container with the sidecars before it.</summary>
    public static decimal Total(V1Pod pod, Func<V1Container, decimal> amount)
    {
        decimal sidecars = 0;
        decimal init = 0;
        foreach (var container in pod.Spec.InitContainers ?? [])
        {
            if (container.IsSidecar())
            {
                sidecars += amount(container);
                init = Math.Max(init, sidecars);
            }
            else
            {
                init = Math.Max(init, sidecars + amount(container));
            }
        }
        return Math.Max(init, sidecars + pod.Spec.Containers.Sum(amount));
    }

    // By the pod's own word; else one container without a limit leaves the pod without one.
    private static decimal? Limit(V1Pod pod, string resource)
    {
        var overhead = Quantity(pod.Spec.Overhead, resource) ?? 0;
        if (Quantity(pod.Spec.Resources?.Limits, resource) is { } own)
        {
            return own + overhead;
        }
        var all = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []);
        return all.All(container => Quantity(container.Resources?.Limits, resource) > 0)
            ? Total(pod, container => Quantity(container.Resources!.Limits, resource)!.Value) + overhead
            : null;
    }
}
