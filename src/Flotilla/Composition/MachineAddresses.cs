using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flotilla.Api.Networks;
using Flotilla.Local;
using Flotilla.Local.Nodes;

namespace Flotilla.Composition;

/// <summary>How this machine is reached.</summary>
internal static class MachineAddresses
{
    // Of the blocks for documentation: nobody is there and nothing is sent, the kernel only picks the way out.
    private static readonly IPEndPoint Elsewhere = new(IPAddress.Parse("192.0.2.1"), 9);
    private static readonly IPEndPoint Elsewhere6 = new(IPAddress.Parse("2001:db8::1"), 9);

    /// <summary>The source address of the default route, else any address, else loopback.</summary>
    public static IPAddress Primary() =>
        SourceTo(Elsewhere) ?? All().FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;

    /// <summary>The node's: one of each family that the cluster has and the machine too, in the cluster's order; one at least.</summary>
    public static IReadOnlyList<IPAddress> OfNode(ClusterSettings settings)
    {
        var ranges = NetworkRanges.Parse(settings.PodCidr);
        if (NodeAddresses.Parse(settings.NodeIp) is { Count: > 0 } told)
        {
            return [.. ranges.Select(range => told.FirstOrDefault(address => address.AddressFamily == range.BaseAddress.AddressFamily)).OfType<IPAddress>()];
        }

        var found = ranges.Select(range => IsVersion6(range.BaseAddress) ? Primary6(ranges) : Primary()).OfType<IPAddress>().ToList();
        found.RemoveAll(address => IPAddress.IsLoopback(address) && found.Count > 1);
        return found.Count > 0 ? found : [Primary()];
    }

    /// <summary>Where servers and nodes reach this machine's server: by IPv4, unless the cluster has none.</summary>
    public static IPAddress OfServer(ClusterSettings settings)
    {
        var isVersion4 = NetworkRanges.Parse(settings.PodCidr).Any(range => !IsVersion6(range.BaseAddress));
        return settings.LocalAddress is { } local ? IPAddress.Parse(isVersion4 ? local : NodeNetns.Address6(local))
            : NodeAddresses.Parse(settings.NodeIp).FirstOrDefault(address => IsVersion6(address) != isVersion4)
                ?? (isVersion4 ? Primary() : OfNode(settings)[0]);
    }

    /// <summary>Where a cluster's server or node on this machine is reached, whichever network this process is in.</summary>
    public static IEnumerable<IPAddress> Of(ClusterSettings settings) => settings.LocalAddress is { } own ? [IPAddress.Parse(own), IPAddress.Parse(NodeNetns.Address6(own))] : All();

    /// <summary>All but loopback and link-local ones.</summary>
    public static IEnumerable<IPAddress> All() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal);

    /// <summary>Of the link that leads out, by IPv6 or else by IPv4. The source address itself may be one of a day.</summary>
    private static IPAddress? Primary6(IReadOnlyList<IPNetwork> pods)
    {
        var lasting = KernelAddresses.Lasting(KernelAddresses.Read()).Where(entry => !pods.Any(range => range.Contains(entry.Address))).ToList();
        var link = lasting.Find(entry => entry.Address.Equals(SourceTo(Elsewhere6)))?.Link ?? LinkOf(Primary());
        return lasting.Find(entry => entry.Link == link)?.Address;
    }

    private static IPAddress? SourceTo(IPEndPoint there)
    {
        try
        {
            using var socket = new Socket(there.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(there);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return null;
        }
    }

    private static string? LinkOf(IPAddress address) =>
        NetworkInterface.GetAllNetworkInterfaces().FirstOrDefault(link => link.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(address)))?.Name;

    private static bool IsVersion6(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6;
}
