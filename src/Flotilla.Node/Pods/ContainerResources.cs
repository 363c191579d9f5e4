using Flotilla.Node.Cri;
using k8s.Models;

namespace Flotilla.Node.Pods;

/// <summary>A container's resources in the kernel's units.</summary>
internal static class ContainerResources
{
    private const long PeriodMicroseconds = 100_000;
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
        return resources;
    }

    // Who asked for more of the machine's memory is killed later than who asked for little.
    internal static long OomScore(V1Pod pod, V1Container container)
    {
        var requested = PodLimits.Quantity(container.Resources?.Requests, "memory") ?? PodLimits.Quantity(container.Resources?.Limits, "memory") ?? 0;
        return QualityOfService.Of(pod) switch
        {
            QualityOfService.Guaranteed => -997,
            QualityOfService.BestEffort => 1000,
            _ => Math.Clamp(1000 - (long)(1000 * requested / MachineMemoryBytes), 3, 999),
        };
    }

    private static long ReadMachineMemory() => Math.Max(1, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
}
