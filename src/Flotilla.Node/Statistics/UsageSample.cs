using Flotilla.Linux.Cri;
using k8s.Models;

namespace Flotilla.Node.Statistics;

/// <summary>All of a node at one moment.</summary>
internal sealed record UsageSample(CgroupUsage? Node, CgroupUsage? AllPods, IReadOnlyList<PodSample> Pods)
{
    public static readonly UsageSample None = new(null, null, []);
}

/// <param name="Sandbox">The one in use; null for pods that have none.</param>
internal sealed record PodSample(V1Pod Pod, CgroupUsage? Usage, PodSandbox? Sandbox, IReadOnlyList<ContainerSample> Containers, IReadOnlyList<LinkCounters> Links);

internal sealed record ContainerSample(Container Container, string Name, string Cgroup, CgroupUsage Usage);

/// <summary>The counters of a cgroup, and the use of the processor since the sample before.</summary>
/// <param name="CpuNanocores">null: this is the first sample of something that has only begun.</param>
internal sealed record CgroupUsage(CgroupCounters Counters, long? CpuNanocores, TimeSpan Window)
{
    // A mean over less says little.
    private static readonly TimeSpan ShortestWindow = TimeSpan.FromSeconds(1);

    /// <param name="began">When nothing had been used yet; null: unknown.</param>
    public static CgroupUsage Since(CgroupCounters now, CgroupCounters? before, DateTimeOffset? began)
    {
        var (start, used) = before is not null ? (before.Time, before.CpuNanoseconds) : (began ?? now.Time, 0);
        var window = now.Time - start;
        return window < ShortestWindow || now.CpuNanoseconds < used
            ? new CgroupUsage(now, null, TimeSpan.Zero)
            : new CgroupUsage(now, (long)((now.CpuNanoseconds - used) / window.TotalSeconds), window);
    }
}
