using System.Text.Json.Serialization;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

[KubernetesEntity(Group = GatewayApi.Group, ApiVersion = GatewayApi.Version, Kind = GrpcRoute.Name, PluralName = "grpcroutes")]
internal sealed record GrpcRoute : GatewayRoute
{
    public const string Name = "GRPCRoute";

    [JsonPropertyName("spec")]
    public GrpcRouteSpec Spec { get; set; } = new();

    public override string RouteKind => Name;

    public override RouteSpec Common => Spec;
}

internal sealed record GrpcRouteSpec : RouteSpec
{
    [JsonPropertyName("rules")]
    public IList<GrpcRouteRule>? Rules { get; set; }
}

internal sealed record GrpcRouteRule
{
    [JsonPropertyName("matches")]
    public IList<GrpcMatch>? Matches { get; set; }

    [JsonPropertyName("filters")]
    public IList<HttpFilter>? Filters { get; set; }

    [JsonPropertyName("backendRefs")]
    public IList<HttpBackendReference>? BackendRefs { get; set; }
}

internal sealed record GrpcMatch
{
    [JsonPropertyName("method")]
    public GrpcMethod? Method { get; set; }

    [JsonPropertyName("headers")]
    public IList<NamedValue>? Headers { get; set; }
}

internal sealed record GrpcMethod
{
    /// <summary><c>Exact</c> (when null) or <c>RegularExpression</c>.</summary>
    [JsonPropertyName("type")]
    public string? Type { get; set; }

    [JsonPropertyName("service")]
    public string? Service { get; set; }

    [JsonPropertyName("method")]
    public string? Method { get; set; }
}
