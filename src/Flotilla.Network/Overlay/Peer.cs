using System.Net;
using System.Net.Sockets;
using k8s.Models;

namespace Flotilla.Network.Overlay;

/// <summary>Another node as a destination: the range of its pods, and its own address.</summary>
public sealed record Peer(IPNetwork Pods, IPAddress Node)
{
    /// <summary>The address of a node's end of the overlay: the first of its range, which no pod gets.</summary>
    public static IPAddress EndOf(IPNetwork pods) => pods.BaseAddress;

    /// <summary>
    /// The hardware address of a node's end. It follows from the range, so that nodes need not tell each other, and
    /// nothing is learned from packets.
    /// </summary>
    public static string HardwareAddressOf(IPNetwork pods) =>
        "0e:58:" + string.Join(':', pods.BaseAddress.GetAddressBytes().Select(one => one.ToString("x2", null)));

    /// <summary>null: the node has no range or no address yet.</summary>
    public static Peer? For(V1Node node) =>
        IPNetwork.TryParse(node.Spec?.PodCIDR, out var pods)
        && pods.BaseAddress.AddressFamily == AddressFamily.InterNetwork
        && node.Status?.Addresses?.FirstOrDefault(address => address.Type == "InternalIP" && !address.Address.Contains(':', StringComparison.Ordinal)) is { } found
        && IPAddress.TryParse(found.Address, out var own)
            ? new Peer(pods, own)
            : null;
}
