using System.Net;
using Flotilla.Api.Services;
using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>
/// One service with its endpoints, or the host ports of one pod, compiled to rules of one family. Pure.
/// One map look-up finds what picks an endpoint of a service port: a number at random and a second look-up, or for
/// services with client affinity the endpoint a client had before.
/// </summary>
public sealed class ServiceCompiler(FamilyNetwork network, IPAddress clusterDns)
{
    private const int DefaultAffinitySeconds = 10800;

    /// <summary>null: nothing is to be translated.</summary>
    public RuleSet? For(V1Service service, IReadOnlyCollection<V1EndpointSlice> slices, NodePlace node)
    {
        if (ClusterAddressOf(service) is not { } address)
        {
            return null;
        }

        var rules = new RuleSet();
        foreach (var port in service.Spec.Ports ?? [])
        {
            new PortRules(network, rules, service, address, port, Balance.For(network.Family, port, slices, node), AffinitySeconds(service)).Add();
        }

        if (service.Metadata.Annotations?.TryGetValue(ServiceAnnotations.AllPorts, out var all) == true && all == "true" && service.Spec.Ports is [var first, ..])
        {
            WholeAddress.Add(rules, network.Family, address, Balance.For(network.Family, first, slices, node).Near);
        }

        return rules;
    }

    public static RuleSet? For(IEnumerable<HostPort> ports)
    {
        var rules = new RuleSet();
        foreach (var port in ports)
        {
            Add(rules, port);
        }

        return rules.Elements.Count == 0 ? null : rules;
    }

    /// <summary>
    /// null: nothing is to be translated. So it is with headless services, external names and those of the other family;
    /// cluster DNS is answered by this node itself.
    /// </summary>
    private string? ClusterAddressOf(V1Service service) =>
        service.Spec.Type == "ExternalName" ? null : (service.Spec.ClusterIPs ?? [service.Spec.ClusterIP])
            .FirstOrDefault(text => network.Family.Has(text) && !IPAddress.Parse(text).Equals(clusterDns));

    private static int? AffinitySeconds(V1Service service) =>
        service.Spec.SessionAffinity == "ClientIP"
            ? service.Spec.SessionAffinityConfig?.ClientIP?.TimeoutSeconds ?? DefaultAffinitySeconds
            : null;

    private static void Add(RuleSet rules, HostPort port)
    {
        var target = $"{port.PodAddress} . {port.ContainerPort}";
        var protocol = port.Protocol.ToLowerInvariant();
        if (port.HostAddress is null)
        {
            rules.Add(Names.HostPorts, $"{protocol} . {port.Port}", target);
        }
        else
        {
            rules.Add(Names.HostPortsByAddress, $"{port.HostAddress} . {protocol} . {port.Port}", target);
        }

        rules.Add(Names.Hairpin, $"{port.PodAddress} . {port.PodAddress}");
        if (protocol == "udp")
        {
            rules.UdpTargets.Add(new UdpTarget(port.HostAddress, port.Port, port.PodAddress));
        }
    }
}
