using System.Text.Json.Serialization;

namespace Flotilla.Server.ResourceMetrics;

/// <summary>What a node says at <c>/stats/usage</c>: the latest sample of everything that runs on it.</summary>
internal sealed record NodeUsage(Usage? Node, IReadOnlyList<PodUsage> Pods);

internal sealed record PodUsage(string Uid, IReadOnlyList<ContainerUsage> Containers);

internal sealed record ContainerUsage(string Name, Usage Usage);

/// <param name="WindowNanoseconds">The time before <paramref name="Time"/> over which the processor's use is the mean.</param>
internal sealed record Usage(DateTimeOffset Time, long WindowNanoseconds, long CpuNanocores, long MemoryBytes);

[JsonSerializable(typeof(NodeUsage))]
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
internal sealed partial class UsageJson : JsonSerializerContext;
