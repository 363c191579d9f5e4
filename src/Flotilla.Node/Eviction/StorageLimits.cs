using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Eviction;

/// <summary>Whether a pod keeps more on the node's disk than it may. Pure but for the sizes it is told.</summary>
internal static class StorageLimits
{
    private const string Storage = "ephemeral-storage";

    /// <summary>Nothing needs to be measured for pods that set no limits.</summary>
    public static bool HasAny(V1Pod pod) =>
        LimitedVolumes(pod).Any() || pod.Spec.Containers.Any(container => container.Resources?.Limits?.ContainsKey(Storage) == true);

    /// <returns>null: it keeps to them all.</returns>
    public static string? Excess(EvictionCandidate candidate, Func<string, DiskUse> emptyDirectory)
    {
        var pod = candidate.Pod;
        foreach (var volume in LimitedVolumes(pod))
        {
            if (emptyDirectory(volume.Name).Bytes > volume.EmptyDir.SizeLimit.ToDecimal())
            {
                return EvictionMessages.EmptyDirectory(volume.Name, volume.EmptyDir.SizeLimit);
            }
        }
        var limits = pod.Spec.Containers.Where(container => container.Resources?.Limits?.ContainsKey(Storage) == true).ToList();
        if (limits.Count == pod.Spec.Containers.Count && PodLimits.Total(pod, container => PodLimits.Quantity(container.Resources?.Limits, Storage) ?? 0) is > 0 and var total
            && candidate.Disk.Bytes > total)
        {
            return EvictionMessages.PodStorage(EvictionMessages.Binary((long)total));
        }
        return limits.Where(container => candidate.ContainerDisk.GetValueOrDefault(container.Name).Bytes > PodLimits.Quantity(container.Resources.Limits, Storage))
            .Select(container => EvictionMessages.ContainerStorage(container.Name, container.Resources.Limits[Storage]))
            .FirstOrDefault();
    }

    // In memory the kernel itself sees to it.
    private static IEnumerable<V1Volume> LimitedVolumes(V1Pod pod) =>
        (pod.Spec.Volumes ?? []).Where(volume => volume.EmptyDir is { SizeLimit: { } limit, Medium: null or "" } && limit.ToDecimal() > 0);
}
