using System.Net;
using k8s.Models;

namespace Flotilla.Network.Services;

/// <summary>
/// Services, their endpoints and the host ports of this node's pods, compiled to rules. Pure.
/// One map lookup finds the chain of a service port; the chain picks an endpoint at random, or for services with
/// client affinity the endpoint a client had before.
/// </summary>
public sealed class ServiceCompiler(NetworkOptions options)
{
    private const string ServiceNameLabel = "kubernetes.io/service-name";
    private const int DefaultAffinitySeconds = 10800;

    public RuleSet Compile(IEnumerable<V1Service> services, IEnumerable<V1EndpointSlice> slices, IEnumerable<HostPort> hostPorts)
    {
        var rules = new RuleSet();
        var byService = slices.ToLookup(slice => (
            slice.Metadata.NamespaceProperty,
            slice.Metadata.Labels is { } labels && labels.TryGetValue(ServiceNameLabel, out var name) ? name : ""));
        foreach (var service in services.OrderBy(service => service.Metadata.CreationTimestamp).Where(IsProxied))
        {
            var own = byService[(service.Metadata.NamespaceProperty, service.Metadata.Name)].ToList();
            foreach (var port in service.Spec.Ports ?? [])
            {
                var balance = Balance.For(port, own, options.NodeName);
                new PortRules(options, rules, service, port, balance, AffinitySeconds(service)).Add();
            }
        }

        foreach (var port in hostPorts)
        {
            Add(rules, port);
        }

        return rules;
    }

    /// <summary>Headless and external names have nothing to translate; cluster DNS is answered by this node itself.</summary>
    private bool IsProxied(V1Service service) =>
        service.Spec.Type != "ExternalName"
        && IPAddress.TryParse(service.Spec.ClusterIP, out var address)
        && address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork
        && !address.Equals(options.ClusterDnsAddress);

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
