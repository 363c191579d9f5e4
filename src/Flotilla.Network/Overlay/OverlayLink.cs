using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Flotilla.Linux.Commands;

namespace Flotilla.Network.Overlay;

/// <summary>This node's end of the overlay: one VXLAN device, whatever the number of nodes.</summary>
public sealed class OverlayLink(NetworkOptions options, HostCommands commands)
{
    private const int UsualMtu = 1500;

    /// <summary>Outer Ethernet, IPv4, UDP and VXLAN headers.</summary>
    private const int WrappingBytes = 50;

    /// <summary>How much longer IPv6's is.</summary>
    private const int LongerHeaderBytes = 20;
    private const int Identifier = 4097;
    private const int Port = 4789;

    /// <summary>The largest packet of a pod that still fits the link between the nodes once it is wrapped.</summary>
    public static int PodMtu(NetworkOptions options) => options.NodeAddress is { } address
        ? LinkMtu(address) - (options.Backend != Backend.Vxlan ? 0 : Family.Of(address) == Family.V4 ? WrappingBytes : WrappingBytes + LongerHeaderBytes)
        : UsualMtu;

    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        if (options.Backend != Backend.Vxlan)
        {
            await commands.RunAsync("ip", ["link", "del", options.OverlayName], cancellationToken);
            return;
        }

        // A device made for another address or with other settings cannot be changed into this one.
        var found = await commands.RunAsync("ip", ["-d", "link", "show", options.OverlayName], cancellationToken);
        var local = $"local {options.NodeAddress} ";
        if (found.Succeeded && !found.Output.Contains(local, StringComparison.Ordinal))
        {
            await commands.DoAsync("ip", ["link", "del", options.OverlayName], cancellationToken);
        }

        if (!found.Succeeded || !found.Output.Contains(local, StringComparison.Ordinal))
        {
            await commands.DoAsync(
                "ip",
                [
                    "link", "add", options.OverlayName, "address", Peer.HardwareAddressOf(options.Primary.NodePods), "type", "vxlan",
                    "id", Text(Identifier), "local", $"{options.NodeAddress}", "dstport", Text(Port), "nolearning",
                ],
                cancellationToken);
        }

        await commands.DoAsync("ip", ["link", "set", options.OverlayName, "mtu", Text(PodMtu(options)), "up"], cancellationToken);

        // The source of what this node itself sends to pods of others, which answer to it.
        foreach (var network in options.Families)
        {
            string[] now = network.Family == Family.V6 ? ["nodad"] : [];
            await commands.DoAsync("ip", ["addr", "replace", $"{Peer.EndOf(network.NodePods)}/{network.Family.Bits}", "dev", options.OverlayName, .. now], cancellationToken);
        }
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int LinkMtu(IPAddress address)
    {
        var link = Array.Find(
            NetworkInterface.GetAllNetworkInterfaces(),
            link => link.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(address)));
        var properties = link?.GetIPProperties();
        var mtu = link?.Supports(NetworkInterfaceComponent.IPv4) == true ? properties!.GetIPv4Properties().Mtu : properties?.GetIPv6Properties().Mtu ?? UsualMtu;

        // Loopback's is no measure for anything; larger frames than jumbo ones are no network between machines.
        return link is null || link.NetworkInterfaceType == NetworkInterfaceType.Loopback ? UsualMtu : Math.Min(mtu, 9000);
    }
}
