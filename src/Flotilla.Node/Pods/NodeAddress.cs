using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;

namespace Flotilla.Node.Pods;

/// <summary>The addresses under which the node is reached.</summary>
public static class NodeAddress
{
    /// <summary>The first of them.</summary>
    public static IPAddress Of(NodeOptions options) => All(options)[0];

    /// <summary>The configured ones, else the source address of the default route, else any that is not loopback. Nothing is sent.</summary>
    public static IReadOnlyList<IPAddress> All(NodeOptions options) => options.NodeIps.Count > 0 ? options.NodeIps : [OfDefaultRoute()];

    private static IPAddress OfDefaultRoute()
    {
        try
        {
            // Connecting a datagram socket sends nothing: the kernel only picks the route.
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(IPAddress.Parse("192.0.2.1"), 9);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return NetworkInterface.GetAllNetworkInterfaces()
                .SelectMany(link => link.GetIPProperties().UnicastAddresses)
                .Select(unicast => unicast.Address)
                .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork && !IPAddress.IsLoopback(address))
                ?? IPAddress.Loopback;
        }
    }
}
