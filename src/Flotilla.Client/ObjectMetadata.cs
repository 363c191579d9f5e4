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

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();
}
