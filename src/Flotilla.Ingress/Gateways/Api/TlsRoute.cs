using System.Text.Json.Serialization;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

[KubernetesEntity(Group = GatewayApi.Group, ApiVersion = GatewayApi.Version, Kind = TlsRoute.Name, PluralName = "tlsroutes")]
internal sealed record TlsRoute : GatewayRoute
{
    public const string Name = "TLSRoute";

    [JsonPropertyName("spec")]
    public TlsRouteSpec Spec { get; set; } = new();

    public override string RouteKind => Name;

    public override RouteSpec Common => Spec;
}

internal sealed record TlsRouteSpec : RouteSpec
{
    [JsonPropertyName("rules")]
    public IList<TlsRouteRule>? Rules { get; set; }
}

internal sealed record TlsRouteRule
{
    [JsonPropertyName("backendRefs")]
    public IList<BackendReference>? BackendRefs { get; set; }
}
