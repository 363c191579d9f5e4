using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Flotilla.Local;

namespace Flotilla.Composition;

/// <summary>How this machine is reached.</summary>
internal static class MachineAddresses
{
    // Of the block for documentation: nobody is there and nothing is sent, the kernel only picks the way out.
    private static readonly IPEndPoint Elsewhere = new(IPAddress.Parse("192.0.2.1"), 9);

    /// <summary>The source address of the default route, else any address, else loopback.</summary>
    public static IPAddress Primary()
    {
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(Elsewhere);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return All().FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork) ?? IPAddress.Loopback;
        }
    }

    /// <summary>Where a cluster's server or node on this machine is reached, whichever network this process is in.</summary>
    public static IEnumerable<IPAddress> Of(ClusterSettings settings) => settings.LocalAddress is { } own ? [IPAddress.Parse(own)] : All();

    /// <summary>All but loopback and link-local ones.</summary>
    public static IEnumerable<IPAddress> All() =>
        NetworkInterface.GetAllNetworkInterfaces()
            .SelectMany(link => link.GetIPProperties().UnicastAddresses)
            .Select(unicast => unicast.Address)
            .Where(address => !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal);
}
