using Flotilla.Node.Admission;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Eviction;

/// <summary>A pod that could be asked to leave, and what it uses.</summary>
internal sealed record EvictionCandidate(V1Pod Pod)
{
    public long MemoryBytes { get; init; }

    public long Processes { get; init; }

    public DiskUse Disk { get; init; }

    /// <summary>Memory of each container in bytes.</summary>
    public IReadOnlyDictionary<string, long> ContainerMemory { get; init; } = new Dictionary<string, long>(StringComparer.Ordinal);

    /// <summary>Writable layer and logs of each container.</summary>
    public IReadOnlyDictionary<string, DiskUse> ContainerDisk { get; init; } = new Dictionary<string, DiskUse>(StringComparer.Ordinal);

    /// <summary>Without these the cluster or the node would not work.</summary>
    public bool IsCritical => CriticalPods.IsCritical(Pod);

    public decimal Request(string resource) => PodRequests.Of(Pod, resource);
}

/// <summary>Which pod goes first. Pure.</summary>
internal static class EvictionRanking
{
    /// <summary>Who uses more than asked for, then who matters less, then who exceeds the most.</summary>
    public static IReadOnlyList<EvictionCandidate> For(EvictionSignal signal, IEnumerable<EvictionCandidate> candidates)
    {
        var pods = candidates.Where(candidate => !candidate.IsCritical);
        if (signal == EvictionSignal.ProcessesAvailable)
        {
            return [.. pods.OrderBy(pod => pod.Pod.Spec.Priority ?? 0).ThenByDescending(pod => pod.Processes)];
        }
        decimal Excess(EvictionCandidate pod) => signal switch
        {
            EvictionSignal.MemoryAvailable => pod.MemoryBytes - pod.Request("memory"),
            EvictionSignal.NodeDiskAvailable or EvictionSignal.ImageDiskAvailable => pod.Disk.Bytes - pod.Request("ephemeral-storage"),
            _ => pod.Disk.Files,
        };
        return [.. pods.OrderByDescending(pod => Excess(pod) > 0).ThenBy(pod => pod.Pod.Spec.Priority ?? 0).ThenByDescending(Excess)];
    }
}
