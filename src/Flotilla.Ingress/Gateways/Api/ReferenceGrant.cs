using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

/// <summary>What a namespace lets others refer to.</summary>
[KubernetesEntity(Group = GatewayApi.Group, ApiVersion = "v1beta1", Kind = "ReferenceGrant", PluralName = "referencegrants")]
internal sealed record ReferenceGrant : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public ReferenceGrantSpec Spec { get; set; } = new();
}

internal sealed record ReferenceGrantSpec
{
    [JsonPropertyName("from")]
    public IList<ObjectReference> From { get; set; } = [];

    [JsonPropertyName("to")]
    public IList<ObjectReference> To { get; set; } = [];
}
