using System.Text.Json.Serialization;
using k8s;
using k8s.Models;

namespace Flotilla.Ingress.Gateways.Api;

/// <summary>What routes of all kinds have: they attach themselves to listeners, and hear what became of that.</summary>
internal abstract record GatewayRoute : IKubernetesObject<V1ObjectMeta>
{
    [JsonPropertyName("apiVersion")]
    public string ApiVersion { get; set; } = "";

    [JsonPropertyName("kind")]
    public string Kind { get; set; } = "";

    [JsonPropertyName("metadata")]
    public V1ObjectMeta Metadata { get; set; } = new();

    [JsonPropertyName("status")]
    public RouteStatus? Status { get; set; }

    /// <summary>Its kind: items of a list do not say it.</summary>
    [JsonIgnore]
    public abstract string RouteKind { get; }

    [JsonIgnore]
    public abstract RouteSpec Common { get; }
}

internal abstract record RouteSpec
{
    [JsonPropertyName("parentRefs")]
    public IList<ParentReference>? ParentRefs { get; set; }

    [JsonPropertyName("hostnames")]
    public IList<string>? Hostnames { get; set; }
}

internal sealed record ParentReference : ObjectReference
{
    [JsonPropertyName("sectionName")]
    public string? SectionName { get; set; }

    [JsonPropertyName("port")]
    public int? Port { get; set; }
}

/// <summary>A backend as every kind of route names it.</summary>
internal record BackendReference : ObjectReference
{
    [JsonPropertyName("port")]
    public int? Port { get; set; }

    [JsonPropertyName("weight")]
    public int? Weight { get; set; }
}

internal sealed record RouteStatus
{
    [JsonPropertyName("parents")]
    public IList<RouteParentStatus>? Parents { get; set; }
}

internal sealed record RouteParentStatus
{
    [JsonPropertyName("parentRef")]
    public ParentReference ParentRef { get; set; } = new();

    [JsonPropertyName("controllerName")]
    public string ControllerName { get; set; } = "";

    [JsonPropertyName("conditions")]
    public IList<V1Condition> Conditions { get; set; } = [];
}
