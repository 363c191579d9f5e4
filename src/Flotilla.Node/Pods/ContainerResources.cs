using Flotilla.Linux.Cri;
using Flotilla.Node.Linux;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A container's resources in the kernel's units.</summary>
internal static class ContainerResources
{
    private const long PeriodMicroseconds = 100_000;
    private const long Protected = -997;
    private const long Unprotected = 1000;
    private static readonly long MachineMemoryBytes = ReadMachineMemory();

    public static LinuxContainerResources For(V1Pod pod, V1Container container)
    {
        var limits = container.Resources?.Limits;
        var cpuLimit = PodLimits.Quantity(limits, "cpu");
        var resources = new LinuxContainerResources
        {
            CpuShares = PodLimits.Shares(PodLimits.Quantity(container.Resources?.Requests, "cpu") ?? cpuLimit ?? 0),
            MemoryLimitInBytes = (long)(PodLimits.Quantity(limits, "memory") ?? 0),
            OomScoreAdj = OomScore(pod, container),
        };
        if (cpuLimit > 0)
        {
            resources.CpuPeriod = PeriodMicroseconds;
            resources.CpuQuota = PodLimits.Quota(cpuLimit.Value);
        }
        foreach (var (resource, amount) in limits ?? new Dictionary<string, ResourceQuantity>(StringComparer.Ordinal))
        {
            if (HugePages.SizeOf(resource) is { } size)
            {
                resources.HugepageLimits.Add(new HugepageLimit { PageSize = HugePages.KernelName(size), Limit = (ulong)amount.ToDecimal() });
            }
        }
        return resources;
    }

    // Who asked for more of the machine's memory is killed later than who asked for little. What the pod asks for beyond
    // its containers is everybody's, and a sidecar goes no earlier than those it serves.
    internal static long OomScore(V1Pod pod, V1Container container)
    {
        if (IsCritical(pod) || QualityOfService.Of(pod) == QualityOfService.Guaranteed)
        {
            return Protected;
        }
        if (QualityOfService.Of(pod) == QualityOfService.BestEffort)
        {
            return Unprotected;
        }
        var rest = RestOfPod(pod);
        var score = Score(Memory(container) + rest);
        if (container.IsSidecar() && pod.Spec.Containers.Count > 0)
        {
            score = Math.Min(score, Score(pod.Spec.Containers.Min(Memory) + rest));
        }
        return Math.Clamp(score, Unprotected + Protected, Unprotected - 1);
    }

    private static long Score(decimal memory) => Unprotected - (long)(1000 * memory / MachineMemoryBytes);

    private static decimal Memory(V1Container container) =>
        PodLimits.Quantity(container.Resources?.Requests, "memory") ?? PodLimits.Quantity(container.Resources?.Limits, "memory") ?? 0;

    private static decimal RestOfPod(V1Pod pod)
    {
        var containers = pod.Spec.Containers.Concat(pod.Spec.InitContainers ?? []).ToList();
        return PodLimits.Quantity(pod.Spec.Resources?.Requests, "memory") is { } own ? Math.Max(0, own - containers.Sum(Memory)) / containers.Count : 0;
    }

    private static bool IsCritical(V1Pod pod) => pod.Spec.PriorityClassName == "system-node-critical";

    private static long ReadMachineMemory() => Math.Max(1, Status.NodeCapacity.MachineMemoryBytes());
}
