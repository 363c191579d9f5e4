using System.Globalization;
using k8s.Models;

namespace Flotilla.Controllers.LoadBalancers;

/// <summary>
/// Without a pool a load balancer is reached at the nodes' own addresses, by the ports of its service. Who has a port
/// keeps it; the machines' own ports, and those that ingress listens on, are nobody's.
/// </summary>
internal sealed class NodeAddresses(V1Service service, IReadOnlyCollection<V1Service> others, IReadOnlySet<int> reserved)
{
    private readonly List<(string Protocol, int Port)> ports = [.. BalancedService.PortsOf(service)];

    public BalancerPlan Plan(IReadOnlyList<BalancerNode> usable)
    {
        if (BalancedService.WantedOf(service) is [var wanted, ..])
        {
            return BalancerPlan.Refused("NoPool", $"{wanted} cannot be given: there is no pool of addresses; start the servers with --load-balancer-pool");
        }

        if (ports.Find(port => port.Protocol == "TCP" && reserved.Contains(port.Port)) is { Port: > 0 } own)
        {
            return BalancerPlan.Refused("PortInUse", Text($"port {own.Port} belongs to the nodes themselves; choose another one, or give the cluster addresses with --load-balancer-pool"));
        }

        string? obstacle = null;
        List<string> addresses = [.. usable.SelectMany(node => node.Addresses.Where(address => IsOfFamily(address) && IsFree(node, address, ref obstacle))).Distinct(StringComparer.Ordinal)];
        return addresses.Count > 0 ? new BalancerPlan(addresses, null, BalancerPlan.Assigned, $"reached at {string.Join(", ", addresses)}")
            : obstacle is not null ? BalancerPlan.Refused("PortInUse", obstacle)
            : BalancerPlan.Refused("NoNodes", BalancedService.IsLocal(service) ? "no node that is ready has ready endpoints of the service" : "There are no available nodes for LoadBalancer");
    }

    private bool IsOfFamily(string address) => BalancedService.FamilyOf(address) is { } family && BalancedService.Has(service, family);

    private bool IsFree(BalancerNode node, string address, ref string? obstacle)
    {
        if (ports.Find(port => port.Protocol == "TCP" && node.IngressPorts.Contains(port.Port)) is { Port: > 0 } taken && !BalancedService.AddressesOf(service).Contains(address))
        {
            obstacle ??= Text($"port {taken.Port} of node {node.Name} serves Ingresses and Gateways");
            return false;
        }

        if (others.FirstOrDefault(other => BalancedService.AddressesOf(other).Contains(address) && BalancedService.PortsOf(other).Intersect(ports).Any()) is { } rival)
        {
            var (protocol, port) = BalancedService.PortsOf(rival).Intersect(ports).First();
            obstacle ??= Text($"port {port} ({protocol}) of {address} is held by service {BalancerPlan.Name(rival)}");
            return false;
        }

        return true;
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
