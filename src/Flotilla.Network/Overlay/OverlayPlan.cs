namespace Flotilla.Network.Overlay;

/// <summary>The <c>ip</c> and <c>bridge</c> commands between the peers that are known to the kernel and those that should be. Pure.</summary>
internal sealed record OverlayPlan(IReadOnlyList<string[]> Commands)
{
    public static OverlayPlan For(NetworkOptions options, IReadOnlyCollection<Peer> known, IReadOnlyCollection<Peer> wanted) => new(
    [
        .. known.Where(peer => !wanted.Any(one => one.Pods.Equals(peer.Pods))).SelectMany(peer => Remove(options, peer)),
        .. wanted.Except(known).SelectMany(peer => Add(options, peer)),
    ]);

    private static IEnumerable<string[]> Add(NetworkOptions options, Peer peer)
    {
        if (options.Backend == Backend.HostGateway)
        {
            return [["ip", "route", "replace", $"{peer.Pods}", "via", $"{peer.Node}"]];
        }

        var (end, hardware) = (Peer.EndOf(peer.Pods), Peer.HardwareAddressOf(peer.Pods));
        return
        [
            ["bridge", "fdb", "replace", hardware, "dev", options.OverlayName, "dst", $"{peer.Node}", "self", "permanent"],
            ["ip", "neigh", "replace", $"{end}", "lladdr", hardware, "dev", options.OverlayName, "nud", "permanent"],
            ["ip", "route", "replace", $"{peer.Pods}", "via", $"{end}", "dev", options.OverlayName, "onlink"],
        ];
    }

    private static IEnumerable<string[]> Remove(NetworkOptions options, Peer peer)
    {
        if (options.Backend == Backend.HostGateway)
        {
            return [["ip", "route", "del", $"{peer.Pods}"]];
        }

        var (end, hardware) = (Peer.EndOf(peer.Pods), Peer.HardwareAddressOf(peer.Pods));
        return
        [
            ["ip", "route", "del", $"{peer.Pods}", "dev", options.OverlayName],
            ["ip", "neigh", "del", $"{end}", "dev", options.OverlayName],
            ["bridge", "fdb", "del", hardware, "dev", options.OverlayName, "self"],
        ];
    }
}
