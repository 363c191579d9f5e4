namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// The order nodes are looked at: one of each zone in turn, so that the part of a large cluster that is looked at for one
/// pod is of all zones.
/// </summary>
internal sealed class NodeOrder
{
    private readonly SortedDictionary<string, List<NodeInfo>> zones = new(StringComparer.Ordinal);
    private readonly Dictionary<NodeInfo, string> zoneOf = [];
    private NodeInfo[]? interleaved;

    public IReadOnlyList<NodeInfo> Nodes => interleaved ??= Interleave();

    public static string ZoneOf(NodeInfo node) =>
        node.Labels.GetValueOrDefault("topology.kubernetes.io/region", "") + ":\0:"
        + node.Labels.GetValueOrDefault("topology.kubernetes.io/zone", "");

    public void Add(NodeInfo node)
    {
        var zone = ZoneOf(node);
        zoneOf[node] = zone;
        if (!zones.TryGetValue(zone, out var there))
        {
            zones.Add(zone, there = []);
        }

        there.Add(node);
        interleaved = null;
    }

    public void Remove(NodeInfo node)
    {
        if (zoneOf.Remove(node, out var zone) && zones.TryGetValue(zone, out var there))
        {
            there.Remove(node);
            if (there.Count == 0)
            {
                zones.Remove(zone);
            }

            interleaved = null;
        }
    }

    private NodeInfo[] Interleave()
    {
        var all = new NodeInfo[zoneOf.Count];
        var filled = 0;
        for (var row = 0; filled < all.Length; row++)
        {
            foreach (var zone in zones.Values)
            {
                if (row < zone.Count)
                {
                    all[filled++] = zone[row];
                }
            }
        }

        return all;
    }
}
