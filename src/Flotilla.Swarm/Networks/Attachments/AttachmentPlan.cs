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

    /// <param name="container">Its id.</param>
    public static string NameOf(string container) => "docker-" + container[..12];

    /// <summary>Only on this machine; nothing puts it off.</summary>
    public static V1Pod Pod(string container, IReadOnlyList<SwarmNetwork> networks, SwarmOptions options) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta
        {
            Name = NameOf(container),
            NamespaceProperty = options.Namespace,
            Labels = new Dictionary<string, string>(networks.Select(network => KeyValuePair.Create(SwarmApi.NetworkLabelPrefix + network.Id, ""))) { [SwarmApi.Managed] = Kind, [Label] = container[..12] },
        },
        Spec = new V1PodSpec
        {
            NodeName = options.NodeName,
            RestartPolicy = "Always",
            AutomountServiceAccountToken = false,
            EnableServiceLinks = false,
            TerminationGracePeriodSeconds = 0,
            Tolerations = [new V1Toleration { OperatorProperty = "Exists" }],
            Containers = [new V1Container { Name = Kind, Image = options.AttachmentImage, ImagePullPolicy = "Never" }],
        },
    };

    /// <summary>How others find it, as they find services without an address.</summary>
    public static V1Service Names(V1Pod pod, string container, IReadOnlyList<SwarmNetwork> networks, IReadOnlyList<string> names) => new()
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
                [ServiceAnnotations.DnsNames] = string.Join(' ', networks.SelectMany(network => names.Select(name => $"{name.ToLowerInvariant()}.{EndpointPlan.DomainOf(network.Id)}")).Distinct(StringComparer.Ordinal)),
            },
            OwnerReferences = [new V1OwnerReference { ApiVersion = "v1", Kind = "Pod", Name = pod.Metadata.Name, Uid = pod.Metadata.Uid, Controller = true }],
        },
        Spec = new V1ServiceSpec { ClusterIP = "None", Selector = new Dictionary<string, string> { [Label] = container[..12] } },
    };

    /// <summary>Names of its networks come first, as in tasks.</summary>
    public static IReadOnlyList<string> Search(IReadOnlyList<SwarmNetwork> networks, SwarmOptions options) =>
        [.. networks.Select(network => $"{EndpointPlan.DomainOf(network.Id)}.{options.ClusterDomain}"), $"{options.Namespace}.svc.{options.ClusterDomain}", $"svc.{options.ClusterDomain}", options.ClusterDomain];
}
