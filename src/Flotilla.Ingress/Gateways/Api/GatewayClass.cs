using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

/// <summary>The Gateway API's kinds as far as they are understood here; the API server keeps whatever else is written into them.</summary>
internal static class GatewayApi
{
    public const string Group = "gateway.networking.k8s.io";
    public const string Version = "v1";
    public const string ClassName = "flotilla";
}

[KubernetesEntity(Group = GatewayApi.Group, ApiVersion = GatewayApi.Version, Kind = "GatewayClass", PluralName = "gatewayclasses")]
internal sealed record GatewayClass : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public GatewayClassSpec Spec { get; set; } = new();

    [JsonPropertyName("status")]
    public GatewayClassStatus? Status { get; set; }
}

internal sealed record GatewayClassSpec
{
    [JsonPropertyName("controllerName")]
    public string ControllerName { get; set; } = "";
}

internal sealed record GatewayClassStatus
{
    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }
}
