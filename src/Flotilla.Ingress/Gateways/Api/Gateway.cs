using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

[KubernetesEntity(Group = GatewayApi.Group, ApiVersion = GatewayApi.Version, Kind = "Gateway", PluralName = "gateways")]
internal sealed record Gateway : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("spec")]
    public GatewaySpec Spec { get; set; } = new();

    [JsonPropertyName("status")]
    public GatewayStatus? Status { get; set; }
}

internal sealed record GatewaySpec
{
    [JsonPropertyName("gatewayClassName")]
    public string GatewayClassName { get; set; } = "";

    [JsonPropertyName("listeners")]
    public IList<GatewayListener> Listeners { get; set; } = [];
}

internal sealed record GatewayListener
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("hostname")]
    public string? Hostname { get; set; }

    [JsonPropertyName("port")]
    public int Port { get; set; }

    /// <summary><c>HTTP</c>, <c>HTTPS</c> and <c>TLS</c> are served.</summary>
    [JsonPropertyName("protocol")]
    public string Protocol { get; set; } = "";

    [JsonPropertyName("tls")]
    public ListenerTls? Tls { get; set; }

    [JsonPropertyName("allowedRoutes")]
    public AllowedRoutes? AllowedRoutes { get; set; }
}

internal sealed record ListenerTls
{
    /// <summary><c>Terminate</c> or <c>Passthrough</c>; null: Terminate.</summary>
    [JsonPropertyName("mode")]
    public string? Mode { get; set; }

    [JsonPropertyName("certificateRefs")]
    public IList<ObjectReference>? CertificateRefs { get; set; }
}

internal sealed record AllowedRoutes
{
    [JsonPropertyName("namespaces")]
    public RouteNamespaces? Namespaces { get; set; }

    [JsonPropertyName("kinds")]
    public IList<RouteGroupKind>? Kinds { get; set; }
}

internal sealed record RouteNamespaces
{
    /// <summary><c>Same</c> (when null), <c>All</c> or <c>Selector</c>.</summary>
    [JsonPropertyName("from")]
    public string? From { get; set; }

    [JsonPropertyName("selector")]
    public JsonObject? Selector { get; set; }
}

internal sealed record RouteGroupKind
{
    [JsonPropertyName("group")]
    public string? Group { get; set; }

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";
}

/// <summary>An object that another one names, perhaps in another namespace.</summary>
internal record ObjectReference
{
    [JsonPropertyName("group")]
    public string? Group { get; set; }

    [JsonPropertyName("kind")]
    public string? Kind { get; set; }

    [JsonPropertyName("namespace")]
    public string? Namespace { get; set; }

    [JsonPropertyName("name")]
    public string Name { get; set; } = "";
}

internal sealed record GatewayStatus
{
    [JsonPropertyName("addresses")]
    public IList<GatewayAddress>? Addresses { get; set; }

    [JsonPropertyName("conditions")]
    public IList<V1Condition>? Conditions { get; set; }

    [JsonPropertyName("listeners")]
    public IList<ListenerStatus>? Listeners { get; set; }
}

internal sealed record GatewayAddress
{
    [JsonPropertyName("type")]
    public string Type { get; set; } = "IPAddress";

    [JsonPropertyName("value")]
    public string Value { get; set; } = "";
}

internal sealed record ListenerStatus
{
    [JsonPropertyName("name")]
    public string Name { get; set; } = "";

    [JsonPropertyName("supportedKinds")]
    public IList<RouteGroupKind> SupportedKinds { get; set; } = [];

    [JsonPropertyName("attachedRoutes")]
    public int AttachedRoutes { get; set; }

    [JsonPropertyName("conditions")]
    public IList<V1Condition> Conditions { get; set; } = [];
}
