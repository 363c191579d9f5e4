using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Spec;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Services;

/// <summary>A service of the swarm. Its spec is Docker's, as it came; what it runs are Pods, one a task.</summary>
[KubernetesEntity(Group = SwarmApi.Group, ApiVersion = SwarmApi.Version, Kind = "SwarmService", PluralName = "services")]
internal sealed record SwarmService : IKubernetesObject<V1ObjectMeta>
{
    private ServiceSpec? read;
    private string? hash;

    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = SwarmApi.ApiVersion;

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "SwarmService";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>Docker's ServiceSpec.</summary>
    [JsonPropertyName("spec")]
    public JsonElement Spec { get; set; }

    /// <summary>What a rollback goes back to.</summary>
    [JsonPropertyName("previousSpec")]
    public JsonElement? PreviousSpec { get; set; }

    /// <summary>How the spec came about.</summary>
    [JsonPropertyName("change")]
    public SpecChange? Change { get; set; }

    [JsonPropertyName("status")]
    public SwarmServiceStatus? Status { get; set; }

    /// <summary>The spec, read. Any thread may ask.</summary>
    [JsonIgnore]
    public ServiceSpec Read => read ??= ServiceSpec.Read(Spec);

    /// <summary>What its tasks are compared with.</summary>
    [JsonIgnore]
    public string Hash => hash ??= TemplateHash.Of(this);

    /// <summary>As the user wrote it.</summary>
    [JsonIgnore]
    public string Name => Read.Name;

    /// <summary>How many tasks its user asked for last; null: that is not known.</summary>
    [JsonIgnore]
    public ulong? AskedReplicas => ulong.TryParse(this.GetAnnotation(SwarmApi.AskedReplicas), NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? asked : null;

    /// <summary>Another spec in the same object.</summary>
    public SwarmService With(JsonElement spec) => this with { Spec = spec, read = null, hash = null };

    /// <summary>The same service of so many tasks.</summary>
    public SwarmService With(ulong replicas)
    {
        var spec = WireJson.Node(Spec)!;
        spec["Mode"]!["Replicated"]!["Replicas"] = JsonValue.Create(replicas);
        return With(WireJson.Element(spec));
    }

    /// <summary>Keeps how many tasks its spec asks for, as <see cref="AskedReplicas"/>; the metadata are this object's own.</summary>
    public void RememberAsked()
    {
        var annotations = new Dictionary<string, string>(Metadata.Annotations ?? new Dictionary<string, string>(), StringComparer.Ordinal);
        if (Read.Mode?.Replicated is { } mode)
        {
            annotations[SwarmApi.AskedReplicas] = (mode.Replicas ?? 1).ToString(CultureInfo.InvariantCulture);
        }

        Metadata.Annotations = annotations;
    }
}

internal sealed record SpecChange
{
    /// <summary>The spec is an earlier one, by a user or by a failed update.</summary>
    [JsonPropertyName("rollback")]
    public bool IsRollback { get; set; }

    /// <summary>Why, when no user asked for it.</summary>
    [JsonPropertyName("message")]
    public string? Message { get; set; }

    /// <summary>How often a job was started: Docker's JobIteration.</summary>
    [JsonPropertyName("iteration")]
    public long Iteration { get; set; }

    [JsonPropertyName("at")]
    public DateTime? At { get; set; }
}

internal sealed record SwarmServiceStatus
{
    [JsonPropertyName("observedGeneration")]
    public long? ObservedGeneration { get; set; }

    [JsonPropertyName("runningTasks")]
    public int RunningTasks { get; set; }

    [JsonPropertyName("desiredTasks")]
    public int DesiredTasks { get; set; }

    [JsonPropertyName("completedTasks")]
    public int CompletedTasks { get; set; }

    [JsonPropertyName("update")]
    public UpdateState? Update { get; set; }

    /// <summary>Of its tasks' Pods, for who scales it.</summary>
    [JsonPropertyName("selector")]
    public string? Selector { get; set; }
}

/// <summary>Docker's UpdateStatus.</summary>
internal sealed record UpdateState
{
    public const string Updating = "updating";
    public const string Paused = "paused";
    public const string Completed = "completed";
    public const string RollbackStarted = "rollback_started";
    public const string RollbackPaused = "rollback_paused";
    public const string RollbackCompleted = "rollback_completed";

    [JsonPropertyName("state")]
    public string State { get; set; } = "";

    [JsonPropertyName("startedAt")]
    public DateTime? StartedAt { get; set; }

    [JsonPropertyName("completedAt")]
    public DateTime? CompletedAt { get; set; }

    [JsonPropertyName("message")]
    public string Message { get; set; } = "";

    [JsonIgnore]
    public bool IsRunning => State is Updating or RollbackStarted;
}
