using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Swarm.Networks;

namespace Flotilla.Swarm.Services.Spec;

/// <summary>Docker's TaskSpec: what every task of a service is made from.</summary>
internal sealed record TaskSpec
{
    public ContainerSpec? ContainerSpec { get; init; }

    public JsonElement? PluginSpec { get; init; }

    public ResourceRequirements? Resources { get; init; }

    public RestartPolicy? RestartPolicy { get; init; }

    public Placement? Placement { get; init; }

    public IReadOnlyList<NetworkAttachmentConfig>? Networks { get; init; }

    /// <summary>Those of the swarm; the machine's own is something else.</summary>
    [JsonIgnore]
    public IEnumerable<NetworkAttachmentConfig> Overlays => (Networks ?? []).Where(network => network.Target != SwarmNetworks.HostId);

    [JsonIgnore]
    public bool IsOnHost => (Networks ?? []).Any(network => network.Target == SwarmNetworks.HostId);

    public LogDriver? LogDriver { get; init; }

    public ulong ForceUpdate { get; init; }

    public string? Runtime { get; init; }

    public static TaskSpec Read(string json) => JsonSerializer.Deserialize(json, SpecJson.Default.TaskSpec) ?? new TaskSpec();
}

internal sealed record LogDriver
{
    public string? Name { get; init; }
}

internal sealed record ResourceRequirements
{
    public ResourceLimits? Limits { get; init; }

    public ResourceLimits? Reservations { get; init; }
}

internal sealed record ResourceLimits
{
    /// <summary>Billionths of a processor.</summary>
    public long NanoCPUs { get; init; }

    public long MemoryBytes { get; init; }

    /// <summary>Of limits: 0 or less: none.</summary>
    public long Pids { get; init; }

    public IReadOnlyList<GenericResource>? GenericResources { get; init; }
}

internal sealed record GenericResource
{
    public DiscreteResource? DiscreteResourceSpec { get; init; }

    public NamedResource? NamedResourceSpec { get; init; }
}

internal sealed record DiscreteResource
{
    public string Kind { get; init; } = "";

    public long Value { get; init; }
}

internal sealed record NamedResource
{
    public string Kind { get; init; } = "";

    public string Value { get; init; } = "";
}

internal sealed record RestartPolicy
{
    public const string None = "none";
    public const string OnFailure = "on-failure";

    /// <summary>null or empty: any.</summary>
    public string? Condition { get; init; }

    public long? Delay { get; init; }

    /// <summary>null or 0: no limit.</summary>
    public ulong? MaxAttempts { get; init; }

    public long? Window { get; init; }
}

internal sealed record Placement
{
    public IReadOnlyList<string>? Constraints { get; init; }

    public IReadOnlyList<PlacementPreference>? Preferences { get; init; }

    /// <summary>0: as many as fit.</summary>
    public ulong MaxReplicas { get; init; }
}

internal sealed record PlacementPreference
{
    public SpreadOver? Spread { get; init; }
}

internal sealed record SpreadOver
{
    public string SpreadDescriptor { get; init; } = "";
}

internal sealed record NetworkAttachmentConfig
{
    public string Target { get; init; } = "";

    public IReadOnlyList<string>? Aliases { get; init; }
}
