using System.Text.Json.Nodes;
using Flotilla.Api.Services;
using Flotilla.Docker;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Endpoints;
using k8s.Models;

namespace Flotilla.Swarm.Networks.Attachments;

/// <summary>The objects that are a container's place in networks of the swarm. Pure.</summary>
internal static class AttachmentPlan
{
    public const string Label = SwarmApi.Group + "/attachment";
    private const string Kind = "attachment";

    /// <summary>Annotation of the Pod: which of a container's starts it belongs to.</summary>
    public const string Place = SwarmApi.Group + "/attachment-place";

    /// <param name="container">Its id.</param>
    public static string NameOf(string container) => "docker-" + container[..12];

    /// <summary>What of it there is and may be: those networks that are attachable.</summary>
    public static IEnumerable<SwarmAttachment> Allowed(IEnumerable<SwarmAttachment> wanted, IReadOnlyList<SwarmNetwork> networks)
    {
        var open = networks.Where(network => network.IsAttachable).Select(network => network.Id).ToHashSet(StringComparer.Ordinal);
        return wanted.Select(one => one with { Networks = [.. one.Networks.Where(network => open.Contains(network.Network)).DistinctBy(network => network.Network)] }).Where(one => one.Networks.Count > 0);
    }

    /// <summary>Only on this node; nothing puts it off.</summary>
    public static V1Pod Pod(SwarmAttachment wanted, string node, SwarmOptions options) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta
        {
            Name = NameOf(wanted.Container),
            NamespaceProperty = options.Namespace,
            Labels = new Dictionary<string, string>(wanted.Networks.Select(network => KeyValuePair.Create(SwarmApi.NetworkLabelPrefix + network.Network, ""))) { [SwarmApi.Managed] = Kind, [Label] = wanted.Container[..12] },
            Annotations = new Dictionary<string, string> { [Place] = wanted.Place },
        },
        Spec = new V1PodSpec
        {
            NodeName = node,
            RestartPolicy = "Always",
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            TerminationGracePeriodSeconds = 0,
            Tolerations = [new V1Toleration { OperatorProperty = "Exists" }],
            Containers = [new V1Container { Name = Kind, Image = options.AttachmentImage, ImagePullPolicy = "Never" }],
        },
    };

    /// <summary>Whether the Pod belongs to this start of its container.</summary>
    public static bool IsOf(V1Pod pod, SwarmAttachment wanted) => (pod.GetAnnotation(Place) ?? "") == wanted.Place;

    /// <summary>The labels that are missing, and as null those that are too many.</summary>
    public static JsonObject Labels(V1Pod pod, SwarmAttachment wanted)
    {
        var (has, needs) = ((pod.Metadata.Labels ?? new Dictionary<string, string>()).Keys.Where(label => label.StartsWith(SwarmApi.NetworkLabelPrefix, StringComparison.Ordinal)).ToHashSet(StringComparer.Ordinal), wanted.Networks.Select(network => SwarmApi.NetworkLabelPrefix + network.Network).ToHashSet(StringComparer.Ordinal));
        return new JsonObject([.. needs.Except(has).Select(label => KeyValuePair.Create(label, (JsonNode?)"")), .. has.Except(needs).Select(label => KeyValuePair.Create(label, (JsonNode?)null))]);
    }

    /// <summary>How others find it, as they find services without an address.</summary>
    public static V1Service Names(V1Pod pod, SwarmAttachment wanted) => new()
    {
        ApiVersion = "v1",
        Kind = "Service",
        Metadata = new V1ObjectMeta
        {
            Name = pod.Metadata.Name,
            NamespaceProperty = pod.Metadata.NamespaceProperty,
            Labels = new Dictionary<string, string> { [SwarmApi.Managed] = Kind },
            Annotations = new Dictionary<string, string>
            {
                [ServiceAnnotations.DnsNames] = string.Join(' ', wanted.Networks.SelectMany(network => network.Names.Select(name => $"{name.ToLowerInvariant()}.{EndpointPlan.DomainOf(network.Network)}")).Distinct(StringComparer.Ordinal)),
            },
            OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid, Controller = true }],
        },
        Spec = new V1ServiceSpec { ClusterIP = "None", Selector = new Dictionary<string, string> { [Label] = wanted.Container[..12] } },
    };

    /// <summary>Names of its networks come first, as in tasks.</summary>
    public static IReadOnlyList<string> Search(SwarmAttachment wanted, SwarmOptions options) =>
        [.. wanted.Networks.Select(network => $"{EndpointPlan.DomainOf(network.Network)}.{options.ClusterDomain}"), $"{options.Namespace}.svc.{options.ClusterDomain}", $"svc.{options.ClusterDomain}", options.ClusterDomain];
}
