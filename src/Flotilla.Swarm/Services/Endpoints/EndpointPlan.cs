using System.Globalization;
using Flotilla.Api.Services;
using Flotilla.Swarm.Cluster;
using Flotilla.Swarm.Definitions;
using Flotilla.Swarm.Services.Spec;
using k8s.Models;

namespace Flotilla.Swarm.Services.Endpoints;

/// <summary>
/// The Kubernetes Service that is a Swarm service's address: one that answers on every port, as Swarm's virtual addresses
/// do, with node ports for what is published. Pure.
/// </summary>
internal static class EndpointPlan
{
    /// <summary>A Service with an address needs a port; nobody is meant to ask for this one.</summary>
    private const int Placeholder = 1;

    public static string NameOf(SwarmService service) => ObjectNames.Label(service.Name);

    /// <param name="current">What there is, whose node ports stay; null: nothing.</param>
    public static V1Service For(SwarmService service, V1Service? current)
    {
        var isDnsOnly = service.Read.EndpointSpec?.Mode == "dnsrr";
        var ports = Ports(service.Read.EndpointSpec, current);
        return new V1Service
        {
            ApiVersion = "v1",
            Kind = "Service",
            Metadata = new V1ObjectMeta
            {
                Name = NameOf(service),
                NamespaceProperty = service.Metadata.NamespaceProperty,
                Labels = new Dictionary<string, string> { [SwarmApi.Managed] = "service", [SwarmApi.ServiceIdLabel] = SwarmInformers.IdOf(service) },
                Annotations = new Dictionary<string, string>
                {
                    [ServiceAnnotations.AllPorts] = isDnsOnly ? "false" : "true",
                    [ServiceAnnotations.AnyNodePort] = "true",
                    [ServiceAnnotations.DnsNames] = string.Join(' ', Names(service.Read)),
                },
                OwnerReferences =
                [
                    new V1OwnerReference { ApiVersion = SwarmApi.ApiVersion, Kind = "SwarmService", Name = service.Metadata.Name, Uid = service.Metadata.Uid, Controller = true, BlockOwnerDeletion = true },
                ],
            },
            Spec = new V1ServiceSpec
            {
                Type = ports.Count > 0 ? "NodePort" : "ClusterIP",
                ClusterIP = isDnsOnly ? "None" : current?.Spec.ClusterIP is { } address && address != "None" ? address : null,
                ExternalTrafficPolicy = ports.Count == 0 ? null : ServiceLabels.IsSet(service.Read, ServiceLabels.KeepSourceAddress) ? "Local" : "Cluster",
                Selector = new Dictionary<string, string> { [SwarmApi.ServiceIdLabel] = SwarmInformers.IdOf(service) },
                Ports = ports.Count > 0 ? ports : isDnsOnly ? null : [new V1ServicePort { Name = "any", Port = Placeholder, TargetPort = Placeholder }],
            },
        };
    }

    /// <summary>A change of this kind needs another object: an address cannot come or go.</summary>
    public static bool NeedsAnother(V1Service current, V1Service wanted) => (current.Spec.ClusterIP == "None") != (wanted.Spec.ClusterIP == "None");

    public static bool IsCurrent(V1Service current, V1Service wanted) =>
        current.Spec.Type == wanted.Spec.Type && current.Spec.ExternalTrafficPolicy == wanted.Spec.ExternalTrafficPolicy
        && wanted.Metadata.Annotations.All(pair => current.Metadata.Annotations?.TryGetValue(pair.Key, out var value) == true && value == pair.Value)
        && (current.Spec.Ports ?? []).Select(Key).SequenceEqual((wanted.Spec.Ports ?? []).Select(Key), StringComparer.Ordinal);

    /// <summary>By network: the service's own name and what it is called besides there.</summary>
    public static IEnumerable<string> Names(ServiceSpec spec) =>
        spec.TaskTemplate.Overlays.SelectMany(network => (network.Aliases ?? []).Append(spec.Name).Select(name => $"{name.ToLowerInvariant()}.{DomainOf(network.Target)}"))
            .Distinct(StringComparer.Ordinal);

    /// <summary>Where names of a network are, below the cluster's domain.</summary>
    public static string DomainOf(string networkId) => $"{networkId}.swarm";

    private static List<V1ServicePort> Ports(EndpointSpec? endpoint, V1Service? current)
    {
        var published = (endpoint?.Ports ?? []).Where(port => !port.IsHost).ToList();
        List<V1ServicePort> all = [];
        foreach (var port in published)
        {
            var protocol = port.Transport.ToUpperInvariant();

            // Two that lead to the same port of the task differ in their own.
            var number = all.Exists(other => other.Port == port.TargetPort && other.Protocol == protocol) ? port.PublishedPort : port.TargetPort;
            var name = string.Create(CultureInfo.InvariantCulture, $"{port.Transport}-{number}");
            all.Add(new V1ServicePort
            {
                Name = name,
                Protocol = protocol,
                Port = number,
                TargetPort = port.TargetPort,
                NodePort = port.PublishedPort > 0 ? port.PublishedPort : current?.Spec.Ports?.FirstOrDefault(one => one.Name == name)?.NodePort,
            });
        }

        return all;
    }

    private static string Key(V1ServicePort port) => string.Create(CultureInfo.InvariantCulture, $"{port.Name} {port.Protocol ?? "TCP"} {port.Port} {port.TargetPort?.Value} {port.NodePort ?? 0}");
}
