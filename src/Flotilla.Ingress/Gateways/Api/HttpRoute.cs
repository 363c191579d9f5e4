using System.Text.Json.Serialization;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

[KubernetesEntity(Group = GatewayApi.Group, ApiVersion = GatewayApi.Version, Kind = HttpRoute.Name, PluralName = "httproutes")]
internal sealed record HttpRoute : GatewayRoute
{
    public const string Name = "HTTPRoute";

    [JsonPropertyName("spec")]
    public HttpRouteSpec Spec { get; set; } = new();

    public override string RouteKind => Name;

    public override RouteSpec Common => Spec;
}

internal sealed record HttpRouteSpec : RouteSpec
{
    [JsonPropertyName("rules")]
    public IList<HttpRouteRule>? Rules { get; set; }
}

internal sealed record HttpRouteRule
{
    [JsonPropertyName("matches")]
    public IList<HttpMatch>? Matches { get; set; }

    [JsonPropertyName("filters")]
    public IList<HttpFilter>? Filters { get; set; }

    [JsonPropertyName("backendRefs")]
    public IList<HttpBackendReference>? BackendRefs { get; set; }

    [JsonPropertyName("timeouts")]
    public HttpTimeouts? Timeouts { get; set; }
}

internal sealed record HttpMatch
{
    [JsonPropertyName("path")]
    public NamedValue? Path { get; set; }

    [JsonPropertyName("headers")]
    public IList<NamedValue>? Headers { get; set; }

    [JsonPropertyName("queryParams")]
    public IList<NamedValue>? QueryParams { get; set; }

    [JsonPropertyName("method")]
    public string? Method { get; set; }
}

/// <summary>Of a path, a header or a parameter; a path has no name.</summary>
internal sealed record NamedValue
{
    [JsonPropertyName("type")]
    public string? Type { get; set; }

    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("value")]
    public string? Value { get; set; }
}

internal sealed record HttpFilter
{
    [JsonPropertyName("type")]
    public string Type { get; set; } = "";

    [JsonPropertyName("requestHeaderModifier")]
    public HeaderModifier? RequestHeaderModifier { get; set; }

    [JsonPropertyName("responseHeaderModifier")]
    public HeaderModifier? ResponseHeaderModifier { get; set; }

    [JsonPropertyName("requestRedirect")]
    public HttpRedirect? RequestRedirect { get; set; }

    [JsonPropertyName("urlRewrite")]
    public UrlRewrite? UrlRewrite { get; set; }

    [JsonPropertyName("requestMirror")]
    public RequestMirror? RequestMirror { get; set; }
}

internal sealed record HeaderModifier
{
    [JsonPropertyName("set")]
    public IList<NamedValue>? Set { get; set; }

    [JsonPropertyName("add")]
    public IList<NamedValue>? Add { get; set; }

    [JsonPropertyName("remove")]
    public IList<string>? Remove { get; set; }
}

internal sealed record HttpRedirect
{
    [JsonPropertyName("scheme")]
    public string? Scheme { get; set; }

    [JsonPropertyName("hostname")]
    public string? Hostname { get; set; }

    [JsonPropertyName("path")]
    public PathModifier? Path { get; set; }

    [JsonPropertyName("port")]
    public int? Port { get; set; }

    [JsonPropertyName("statusCode")]
    public int? StatusCode { get; set; }
}

internal sealed record UrlRewrite
{
    [JsonPropertyName("hostname")]
    public string? Hostname { get; set; }

    [JsonPropertyName("path")]
    public PathModifier? Path { get; set; }
}

internal sealed record PathModifier
{
    /// <summary><c>ReplaceFullPath</c> or <c>ReplacePrefixMatch</c>.</summary>
    [JsonPropertyName("type")]
    public string Type { get; set; } = "";

    [JsonPropertyName("replaceFullPath")]
    public string? ReplaceFullPath { get; set; }

    [JsonPropertyName("replacePrefixMatch")]
    public string? ReplacePrefixMatch { get; set; }
}

internal sealed record RequestMirror
{
    [JsonPropertyName("backendRef")]
    public HttpBackendReference BackendRef { get; set; } = new();

    [JsonPropertyName("percent")]
    public int? Percent { get; set; }
}

internal sealed record HttpBackendReference : BackendReference
{
    [JsonPropertyName("filters")]
    public IList<HttpFilter>? Filters { get; set; }
}

internal sealed record HttpTimeouts
{
    [JsonPropertyName("request")]
    public string? Request { get; set; }

    [JsonPropertyName("backendRequest")]
    public string? BackendRequest { get; set; }
}
