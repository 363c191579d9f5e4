using System.Net;
using System.Net.Sockets;
using Flotilla.Docker;
using Flotilla.Engine.Containers;

namespace Flotilla.Engine.Networks;

/// <summary>Which ports of the machine lead to a container: those it asked for, or any that is free.</summary>
internal sealed class PortChoice(ContainerStore containers)
{
    private const int FirstPort = 32768;
    private const int LastPort = 60999;

    /// <exception cref="DockerException">A port is somebody else's.</exception>
    public List<PortRecord> Choose(Container container)
    {
        List<PortRecord> published = [];
        foreach (var wanted in PortBindings.Of(container.Record))
        {
            var port = wanted.HostPort == 0 ? wanted with { HostPort = FreePort(wanted, published) } : wanted;
            if (IsTaken(port, published) || !IsFree(port))
            {
                throw new DockerException(500, $"driver failed programming external connectivity on endpoint {container.Record.Name} ({container.Record.Networks.Values.First().EndpointId}): Bind for {(port.HostAddress.Length == 0 ? "0.0.0.0" : port.HostAddress)}:{port.HostPort} failed: port is already allocated");
            }

            published.Add(port);
        }

        return published;
    }

    private int FreePort(PortRecord wanted, List<PortRecord> beside)
    {
        for (var port = FirstPort; port <= LastPort; port++)
        {
            var candidate = wanted with { HostPort = port };
            if (!IsTaken(candidate, beside) && IsFree(candidate))
            {
                return port;
            }
        }

        throw new DockerException(500, "all ports are allocated");
    }

    private bool IsTaken(PortRecord wanted, List<PortRecord> beside) => containers.All.SelectMany(container => container.Record.State.Ports).Concat(beside).Any(port =>
        port.HostPort == wanted.HostPort && port.Protocol == wanted.Protocol && (port.HostAddress == wanted.HostAddress || port.HostAddress is "" or "0.0.0.0" || wanted.HostAddress is "" or "0.0.0.0"));

    // A program of the machine may listen there.
    private static bool IsFree(PortRecord port)
    {
        var address = port.HostAddress.Length == 0 ? IPAddress.Any : IPAddress.Parse(port.HostAddress);
        try
        {
            using var probe = port.Protocol == "udp" ? new Socket(SocketType.Dgram, ProtocolType.Udp) : new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            probe.Bind(new IPEndPoint(port.Protocol == "udp" ? address.MapToIPv6() : address, port.HostPort));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
