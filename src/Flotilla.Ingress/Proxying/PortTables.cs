using Flotilla.Ingress.Gateways;
using Flotilla.Ingress.Ingresses;
using Flotilla.Ingress.Routing;

namespace Flotilla.Ingress.Proxying;

/// <summary>Which ports are to be open, and what each of them knows. Without Ingresses and Gateways there are none.</summary>
internal static class PortTables
{
    public static IReadOnlyList<PortTable> For(IngressOptions options, IngressModel ingresses, GatewayModel gateways)
    {
        Dictionary<int, PortTable> tables = [];
        foreach (var port in gateways.Ports)
        {
            var real = options.PortFor(port.Port);
            tables.TryAdd(real, new PortTable(real, [port.Router], port.Certificates is null ? null : Names(port.Certificates)) { Passed = Passed(port), IsGrpcAlone = port.IsGrpcAlone });
        }

        if (ingresses.Ingresses.Count > 0)
        {
            Add(options.HttpPort, null);
            Add(options.HttpsPort, ingresses.Certificates);
        }

        return [.. tables.Values.OrderBy(table => table.Port)];

        // A Gateway's listener has the first word, also for certificates.
        void Add(int port, IReadOnlyDictionary<string, CertificateReference>? certificates)
        {
            var both = gateways.Ports.FirstOrDefault(gateway => options.PortFor(gateway.Port) == port);
            tables[port] = new PortTable(
                port,
                both is null ? [ingresses.Router] : [both.Router, ingresses.Router],
                certificates is null ? null : Names(certificates.Concat(both?.Certificates ?? new Dictionary<string, CertificateReference>())))
            {
                Passed = both is null ? null : Passed(both),
            };
        }
    }

    private static HostTable<IReadOnlyList<WeightedBackend>>? Passed(GatewayPort port) => port.Passed is null ? null : new HostTable<IReadOnlyList<WeightedBackend>>(port.Passed, manyLabels: true);

    /// <summary>Of two for one name the last counts.</summary>
    private static HostTable<CertificateReference> Names(IEnumerable<KeyValuePair<string, CertificateReference>> certificates)
    {
        var names = new Dictionary<string, CertificateReference>(StringComparer.OrdinalIgnoreCase);
        foreach (var (host, certificate) in certificates)
        {
            names[host] = certificate;
        }

        return new HostTable<CertificateReference>(names, manyLabels: true);
    }
}
