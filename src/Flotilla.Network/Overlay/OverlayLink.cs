using System.Globalization;
using System.Net;
using System.Net.NetworkInformation;
using Flotilla.Network.Commands;

namespace Flotilla.Network.Overlay;

/// <summary>This node's end of the overlay: one VXLAN device, whatever the number of nodes.</summary>
public sealed class OverlayLink(NetworkOptions options, HostCommands commands)
{
    private const int UsualMtu = 1500;

    /// <summary>Outer Ethernet, IPv4, UDP and VXLAN headers.</summary>
    private const int WrappingBytes = 50;
    private const int Identifier = 4097;
    private const int Port = 4789;

    /// <summary>The largest packet of a pod that still fits the link between the nodes once it is wrapped.</summary>
    public static int PodMtu(NetworkOptions options) => options.NodeAddress is { } address
        ? LinkMtu(address) - (options.Backend == Backend.Vxlan ? WrappingBytes : 0)
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
                    "link", "add", options.OverlayName, "address", Peer.HardwareAddressOf(options.NodePodCidr), "type", "vxlan",
                    "id", Text(Identifier), "local", $"{options.NodeAddress}", "dstport", Text(Port), "nolearning",
                ],
                cancellationToken);
        }

        await commands.DoAsync("ip", ["link", "set", options.OverlayName, "mtu", Text(PodMtu(options)), "up"], cancellationToken);

        // The source of what this node itself sends to pods of others, which answer to it.
        await commands.DoAsync("ip", ["addr", "replace", $"{Peer.EndOf(options.NodePodCidr)}/32", "dev", options.OverlayName], cancellationToken);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static int LinkMtu(IPAddress address)
    {
        var link = Array.Find(
            NetworkInterface.GetAllNetworkInterfaces(),
            link => link.GetIPProperties().UnicastAddresses.Any(unicast => unicast.Address.Equals(address)));
        var mtu = link?.GetIPProperties().GetIPv4Properties()?.Mtu ?? UsualMtu;

        // Loopback's is no measure for anything; larger frames than jumbo ones are no network between machines.
        return link is null || link.NetworkInterfaceType == NetworkInterfaceType.Loopback ? UsualMtu : Math.Min(mtu, 9000);
    }
}
