using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Flotilla.Client;

/// <summary>What all objects have in common. Which resource it is read from, <see cref="ListScope.Resource"/> says.</summary>
public sealed record ObjectMetadata : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    /// <summary>Without managed fields: they are the bulk of it, and whoever wants them wants the whole object.</summary>
    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata
    {
        get;
        set => field = value.ManagedFields is null ? value : value with { ManagedFields = null };
    }
    = new();
}
