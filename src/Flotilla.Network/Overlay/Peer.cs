using System.Net;
using k8s.Models;

namespace Flotilla.Network.Overlay;

/// <summary>Another node as a destination: a range of its pods, its own address, and the hardware address of its end of the overlay.</summary>
public sealed record Peer(IPNetwork Pods, IPAddress Node, string Hardware)
{
    private const int HardwareBytes = 4;

    /// <summary>The address of a node's end of the overlay: the first of its range, which no pod gets.</summary>
    public static IPAddress EndOf(IPNetwork pods) => pods.BaseAddress;

    /// <summary>
    /// The hardware address of a node's end. It follows from its first range, so that nodes need not tell each other, and
    /// nothing is learned from packets.
    /// </summary>
    public static string HardwareAddressOf(IPNetwork pods)
    {
        // Of IPv6 the half that is the network's, as its ranges differ there.
        var bytes = pods.BaseAddress.GetAddressBytes();
        return "0e:58:" + string.Join(':', bytes.Take(Math.Min(bytes.Length, 8)).TakeLast(HardwareBytes).Select(one => one.ToString("x2", null)));
    }

    /// <summary>One for each range of the node; none, while it has no range or no address that leads to it.</summary>
    public static IReadOnlyList<Peer> For(V1Node node, NetworkOptions options) =>
        [.. RangesOf(node).Select(range => For(node, range, options)).OfType<Peer>()];

    private static Peer? For(V1Node node, IPNetwork pods, NetworkOptions options)
    {
        // The overlay carries any family over the nodes' own; as a next hop only an address of the same will do.
        var family = options.Backend == Backend.Vxlan && options.NodeAddress is { } own ? Family.Of(own) : Family.Of(pods.BaseAddress);
        return node.Status?.Addresses?.FirstOrDefault(address => address.Type == "InternalIP" && family.Has(address.Address)) is { } found
            ? new Peer(pods, IPAddress.Parse(found.Address), HardwareAddressOf(RangesOf(node)[0]))
            : null;
    }

    private static List<IPNetwork> RangesOf(V1Node node) =>
        [.. (node.Spec?.PodCIDRs ?? [node.Spec?.PodCIDR]).SelectMany(text => IPNetwork.TryParse(text, out var range) ? [range] : Array.Empty<IPNetwork>())];
}
