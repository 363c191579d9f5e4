using System.Net;
using k8s.Models;

namespace Flotilla.Ingress.Proxying;

/// <summary>
/// Ports of this node that services of type LoadBalancer have: packets for them never reach a program. They and ingress
/// leave each other what the other one has.
/// </summary>
internal static class ClaimedPorts
{
    /// <returns>The port, and the service that has it.</returns>
    public static IReadOnlyDictionary<int, string> For(IEnumerable<V1Service> services, IPAddress? node)
    {
        var claimed = new Dictionary<int, string>();
        foreach (var service in services.Where(service => service.Spec.Type == "LoadBalancer" && Has(service, node)))
        {
            foreach (var port in (service.Spec.Ports ?? []).Where(port => port.Protocol is null or "TCP"))
            {
                claimed.TryAdd(port.Port, $"{service.Metadata.NamespaceProperty}/{service.Metadata.Name}");
            }
        }

        return claimed;
    }

    private static bool Has(V1Service service, IPAddress? node) =>
        service.Status?.LoadBalancer?.Ingress?.Any(point => IPAddress.TryParse(point.Ip, out var address) && address.Equals(node)) == true;
}
