using System.Text.Json;
using System.Text.Json.Serialization;

namespace Flotilla.Swarm.Services.Spec;

/// <summary>Docker's ServiceSpec as far as it decides something here; the JSON beside it stays as it came.</summary>
internal sealed record ServiceSpec
{
    public string Name { get; init; } = "";

    public IReadOnlyDictionary<string, string>? Labels { get; init; }

    public TaskSpec TaskTemplate { get; init; } = new();

    public ServiceMode? Mode { get; init; }

    public UpdateConfig? UpdateConfig { get; init; }

    public UpdateConfig? RollbackConfig { get; init; }

    public EndpointSpec? EndpointSpec { get; init; }

    /// <summary>Where clients before API 1.25 name networks.</summary>
    public IReadOnlyList<NetworkAttachmentConfig>? Networks { get; init; }

    /// <exception cref="JsonException">A field is of another type.</exception>
    public static ServiceSpec Read(JsonElement json) => json.Deserialize(SpecJson.Default.ServiceSpec) ?? new ServiceSpec();
}

internal sealed record ServiceMode
{
    public ReplicatedMode? Replicated { get; init; }

    public EmptyMode? Global { get; init; }

    public ReplicatedJobMode? ReplicatedJob { get; init; }

    public EmptyMode? GlobalJob { get; init; }
}

internal sealed record EmptyMode;

internal sealed record ReplicatedMode
{
    public ulong? Replicas { get; init; }
}

internal sealed record ReplicatedJobMode
{
    public ulong? MaxConcurrent { get; init; }

    public ulong? TotalCompletions { get; init; }
}

internal sealed record UpdateConfig
{
    public const string Pause = "pause";
    public const string Continue = "continue";
    public const string Rollback = "rollback";
    public const string StartFirst = "start-first";

    /// <summary>0: all at once.</summary>
    public ulong Parallelism { get; init; }

    /// <summary>Nanoseconds, as all durations here.</summary>
    public long Delay { get; init; }

    public string? FailureAction { get; init; }

    public long? Monitor { get; init; }

    public double MaxFailureRatio { get; init; }

    public string? Order { get; init; }
}

internal sealed record EndpointSpec
{
    public string? Mode { get; init; }

    public IReadOnlyList<PortConfig>? Ports { get; init; }

    /// <summary>Whether every node answers for it.</summary>
    [JsonIgnore]
    public bool IsPublished => (Ports ?? []).Any(port => !port.IsHost);
}

internal sealed record PortConfig
{
    public string? Name { get; init; }

    public string? Protocol { get; init; }

    public int TargetPort { get; init; }

    public int PublishedPort { get; init; }

    public string? PublishMode { get; init; }

    [JsonIgnore]
    public bool IsHost => PublishMode == "host";

    [JsonIgnore]
    public string Transport => string.IsNullOrEmpty(Protocol) ? "tcp" : Protocol;
}

[JsonSerializable(typeof(ServiceSpec))]
[JsonSerializable(typeof(TaskSpec))]
[JsonSerializable(typeof(EndpointSpec))]
[JsonSourceGenerationOptions(PropertyNameCaseInsensitive = true)]
internal sealed partial class SpecJson : JsonSerializerContext;
