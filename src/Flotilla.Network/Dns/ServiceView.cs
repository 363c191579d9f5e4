using System.Net;
using k8s.Models;

namespace Flotilla.Network.Dns;

/// <summary>The records of one service.</summary>
internal sealed class ServiceView(V1Service service, IReadOnlyList<V1EndpointSlice> slices, string serviceName, int ttlSeconds)
{
    private readonly bool isHeadless = service.Spec.ClusterIP is null or "" or "None";

    public ClusterZone.Match Whole(DnsQuery query)
    {
        List<DnsRecord> records = [.. Addresses().Distinct().Select(address => DnsRecord.Address(query.Name, address, ttlSeconds))];
        List<DnsRecord> extra = [];
        if (query.Type is RecordType.Srv or RecordType.Any)
        {
            foreach (var (name, protocol) in PortNames())
            {
                AddPort(query, name, protocol, records, extra);
            }
        }

        return new ClusterZone.Match(records, extra);
    }

    /// <summary>Every endpoint's address, whether the service has one of its own or not.</summary>
    public ClusterZone.Match Tasks(DnsQuery query) =>
        new([.. Ready().Select(endpoint => endpoint.Addresses[0]).Distinct(StringComparer.Ordinal).Select(address => DnsRecord.Address(query.Name, IPAddress.Parse(address), ttlSeconds))]);

    /// <summary>One endpoint by its hostname, or by its address with dashes.</summary>
    public ClusterZone.Match? Endpoint(DnsQuery query, string hostname)
    {
        var found = Ready()
            .Where(endpoint => HostnameOf(endpoint).Equals(hostname, StringComparison.OrdinalIgnoreCase))
            .SelectMany(endpoint => endpoint.Addresses.Take(1))
            .Select(address => DnsRecord.Address(query.Name, IPAddress.Parse(address), ttlSeconds))
            .ToList();
        return found.Count == 0 ? null : new ClusterZone.Match(found);
    }

    public ClusterZone.Match? Port(DnsQuery query, string name, string protocol)
    {
        if (!PortNames().Any(port => port.Name == name && port.Protocol == protocol))
        {
            return null;
        }

        List<DnsRecord> records = [], extra = [];
        AddPort(query, name, protocol, records, extra);
        return new ClusterZone.Match(records, extra);
    }

    /// <summary>The hostname an endpoint has in its service's domain.</summary>
    public static string HostnameOf(V1Endpoint endpoint) =>
        string.IsNullOrEmpty(endpoint.Hostname) ? endpoint.Addresses[0].Replace('.', '-').Replace(':', '-') : endpoint.Hostname;

    private IEnumerable<(string Name, string Protocol)> PortNames() =>
        (service.Spec.Ports ?? []).Select(port => (port.Name ?? "", (port.Protocol ?? "TCP").ToLowerInvariant()));

    private void AddPort(DnsQuery query, string name, string protocol, List<DnsRecord> records, List<DnsRecord> extra)
    {
        if (!isHeadless)
        {
            var port = service.Spec.Ports.First(port => (port.Name ?? "") == name && Same(port.Protocol, protocol));
            records.Add(DnsRecord.Service(query.Name, 100, port.Port, serviceName, ttlSeconds));
            extra.AddRange(Addresses().Select(address => DnsRecord.Address(serviceName, address, ttlSeconds)));
            return;
        }

        foreach (var slice in slices)
        {
            var port = (slice.Ports ?? []).FirstOrDefault(port => (port.Name ?? "") == name && Same(port.Protocol, protocol));
            if (port?.Port is { } number)
            {
                foreach (var endpoint in Ready(slice))
                {
                    var host = $"{HostnameOf(endpoint)}.{serviceName}";
                    records.Add(DnsRecord.Service(query.Name, 100, number, host, ttlSeconds));
                    extra.Add(DnsRecord.Address(host, IPAddress.Parse(endpoint.Addresses[0]), ttlSeconds));
                }
            }
        }
    }

    private static bool Same(string? protocol, string lower) =>
        (protocol ?? "TCP").Equals(lower, StringComparison.OrdinalIgnoreCase);

    private IEnumerable<IPAddress> Addresses()
    {
        var texts = isHeadless
            ? Ready().SelectMany(endpoint => endpoint.Addresses.Take(1))
            : service.Spec.ClusterIPs ?? [service.Spec.ClusterIP];
        foreach (var text in texts)
        {
            if (IPAddress.TryParse(text, out var address))
            {
                yield return address;
            }
        }
    }

    private IEnumerable<V1Endpoint> Ready() => slices.SelectMany(Ready);

    private static IEnumerable<V1Endpoint> Ready(V1EndpointSlice slice) =>
        slice.AddressType == "FQDN"
            ? []
            : (slice.Endpoints ?? []).Where(endpoint => endpoint.Conditions?.Ready != false && endpoint.Addresses is [_, ..]);
}
