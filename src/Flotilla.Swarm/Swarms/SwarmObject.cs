using System.Text.Json;
using System.Text.Json.Serialization;
using Flotilla.Swarm.Definitions;
using k8s;
using k8s.Models;

namespace Flotilla.Swarm.Swarms;

/// <summary>The swarm itself: there is one, or this cluster is not in swarm mode.</summary>
[KubernetesEntity(Group = SwarmApi.Group, ApiVersion = SwarmApi.Version, Kind = "Swarm", PluralName = "swarms")]
internal sealed record SwarmObject : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = SwarmApi.ApiVersion;

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "Swarm";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    /// <summary>Docker's SwarmSpec.</summary>
    [JsonPropertyName("spec")]
    public JsonElement Spec { get; set; }

    /// <summary>What <c>swarm init</c> was told besides.</summary>
    [JsonPropertyName("network")]
    public SwarmNetwork Network { get; set; } = new();
}

internal sealed record SwarmNetwork
{
    [JsonPropertyName("dataPathPort")]
    public int DataPathPort { get; set; } = 4789;

    [JsonPropertyName("defaultAddrPool")]
    public IList<string> DefaultAddressPool { get; set; } = ["10.0.0.0/8"];

    [JsonPropertyName("subnetSize")]
    public int SubnetSize { get; set; } = 24;

    /// <summary>Host and port by which managers are joined.</summary>
    [JsonPropertyName("advertiseAddr")]
    public string? AdvertiseAddress { get; set; }
}
