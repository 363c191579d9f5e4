using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Network.Dns;

/// <summary>From addresses of services and of their endpoints to names.</summary>
internal sealed class ReverseNames(string domain, IServiceDirectory directory, int ttlSeconds)
{
    private const string Suffix4 = ".in-addr.arpa";
    private const string Suffix6 = ".ip6.arpa";

    /// <summary>Null when the name is no address, or the address is not the cluster's: others may know.</summary>
    public DnsAnswer? Answer(DnsQuery query)
    {
        if (query.Type is not (RecordType.Ptr or RecordType.Any) || Parse(query.Name) is not { } address)
        {
            return null;
        }

        var names = Names(address).Distinct(StringComparer.Ordinal).ToList();
        return names.Count == 0 ? null : DnsAnswer.Of([.. names.Select(name => DnsRecord.Pointer(query.Name, name, ttlSeconds))]);
    }

    internal static IPAddress? Parse(string name)
    {
        if (name.EndsWith(Suffix4, StringComparison.Ordinal))
        {
            var parts = name[..^Suffix4.Length].Split('.');
            return parts.Length == 4 && IPAddress.TryParse(string.Join('.', parts.Reverse()), out var address) ? address : null;
        }

        if (!name.EndsWith(Suffix6, StringComparison.Ordinal))
        {
            return null;
        }

        var nibbles = name[..^Suffix6.Length].Split('.');
        var bytes = new byte[16];
        for (var i = 0; i < 32; i++)
        {
            if (nibbles.Length != 32 || !byte.TryParse(nibbles[31 - i], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var nibble) || nibble > 15)
            {
                return null;
            }

            bytes[i / 2] |= (byte)(i % 2 == 0 ? nibble << 4 : nibble);
        }

        return new IPAddress(bytes);
    }

    private IEnumerable<string> Names(IPAddress address)
    {
        foreach (var service in directory.ServicesAt(address))
        {
            yield return NameOf(service.Metadata.NamespaceProperty, service.Metadata.Name);
        }

        var text = address.ToString();
        foreach (var slice in directory.SlicesWith(address))
        {
            if (SliceIndex.KeyOf(slice) is not { } service)
            {
                continue;
            }

            foreach (var endpoint in slice.Endpoints.Where(endpoint => endpoint.Addresses?.Contains(text) == true))
            {
                yield return $"{ServiceView.HostnameOf(endpoint)}.{NameOf(service.Namespace!, service.Name)}";
            }
        }
    }

    private string NameOf(string ns, string service) => $"{service}.{ns}.svc.{domain}";
}
