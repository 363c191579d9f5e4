using System.Text.Json.Serialization;

namespace Flotilla.Node.Statistics;

/// <summary>The answer of <c>/stats/usage</c>: what the resource metrics API tells, in the kernel's units.</summary>
internal sealed record UsageReport(UsageAmount? Node, IReadOnlyList<PodAmounts> Pods)
{
    public static UsageReport Of(UsageSample sample) => new(
        Amount(sample.Node),
        [
            .. sample.Pods.Where(pod => pod.Containers.Count > 0)
                .Select(pod => new PodAmounts(
                    pod.Pod.Metadata.Uid,
                    [.. pod.Containers.Select(container => (container.Name, Usage: Amount(container.Usage))).Where(pair => pair.Usage is not null).Select(pair => new ContainerAmount(pair.Name, pair.Usage!))])),
        ]);

    private static UsageAmount? Amount(CgroupUsage? usage) => usage is { CpuNanocores: { } cpu }
        ? new UsageAmount(usage.Counters.Time, usage.Window.Ticks * 100, cpu, usage.Counters.WorkingSetBytes)
        : null;
}

internal sealed record PodAmounts(string Uid, IReadOnlyList<ContainerAmount> Containers);

internal sealed record ContainerAmount(string Name, UsageAmount Usage);

internal sealed record UsageAmount(DateTimeOffset Time, long WindowNanoseconds, long CpuNanocores, long MemoryBytes);

[JsonSerializable(typeof(UsageReport))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class UsageReportJson : JsonSerializerContext;
