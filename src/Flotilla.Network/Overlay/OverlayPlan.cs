namespace Flotilla.Network.Overlay;

/// <summary>The <c>ip</c> and <c>bridge</c> commands between the peers that are known to the kernel and those that should be. Pure.</summary>
internal sealed record OverlayPlan(IReadOnlyList<string[]> Commands)
{
    public static OverlayPlan For(NetworkOptions options, IReadOnlyCollection<Peer> known, IReadOnlyCollection<Peer> wanted) => new(
    [
        .. known.Where(peer => !wanted.Any(one => one.Pods.Equals(peer.Pods))).SelectMany(peer => Remove(options, peer, wanted)),
        .. wanted.Except(known).SelectMany(peer => Add(options, peer)),
    ]);

    private static IEnumerable<string[]> Add(NetworkOptions options, Peer peer)
    {
        if (options.Backend == Backend.HostGateway)
        {
            return [["ip", "route", "replace", $"{peer.Pods}", "via", $"{peer.Node}"]];
        }

        var (end, hardware) = (Peer.EndOf(peer.Pods), peer.Hardware);
        return
        [
            ["bridge", "fdb", "replace", hardware, "dev", options.OverlayName, "dst", $"{peer.Node}", "self", "permanent"],
            ["ip", "neigh", "replace", $"{end}", "lladdr", hardware, "dev", options.OverlayName, "nud", "permanent"],
            ["ip", "route", "replace", $"{peer.Pods}", "via", $"{end}", "dev", options.OverlayName, "onlink"],
        ];
    }

    private static IEnumerable<string[]> Remove(NetworkOptions options, Peer peer, IReadOnlyCollection<Peer> wanted)
    {
        if (options.Backend == Backend.HostGateway)
        {
            return [["ip", "route", "del", $"{peer.Pods}"]];
        }

        return
        [
            ["ip", "route", "del", $"{peer.Pods}", "dev", options.OverlayName],
            ["ip", "neigh", "del", $"{Peer.EndOf(peer.Pods)}", "dev", options.OverlayName],

            // The ranges of one node share its end.
            .. wanted.Any(other => other.Hardware == peer.Hardware) ? (string[][])[] : [["bridge", "fdb", "del", peer.Hardware, "dev", options.OverlayName, "self"]],
        ];
    }
}
