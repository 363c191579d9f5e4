using System.Net;
using System.Net.Sockets;

namespace Flotilla.Node.Pods;

/// <summary>The address under which the node is reached.</summary>
public static class NodeAddress
{
    /// <summary>The configured one, else the source address of the default route, else loopback. Nothing is sent.</summary>
    public static IPAddress Of(NodeOptions options)
    {
        if (options.NodeIp is { } configured)
        {
            return configured;
        }
        try
        {
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
            socket.Connect(IPAddress.Parse("192.0.2.1"), 9);
            return ((IPEndPoint)socket.LocalEndPoint!).Address;
        }
        catch (SocketException)
        {
            return IPAddress.Loopback;
        }
    }
}
