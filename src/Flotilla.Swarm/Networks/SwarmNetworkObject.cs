using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Swarm.Definitions;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Networks;

/// <summary>An overlay network of the swarm: who may reach whom, and under which names.</summary>
[KubernetesEntity(Group = SwarmApi.Group, ApiVersion = SwarmApi.Version, Kind = "SwarmNetwork", PluralName = "networks")]
internal sealed record SwarmNetworkObject : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = SwarmApi.ApiVersion;

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "SwarmNetwork";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>Docker's NetworkCreateRequest, with what the swarm chose where it said nothing.</summary>
    [JsonPropertyName("spec")]
    public JsonElement Spec { get; set; }
}
