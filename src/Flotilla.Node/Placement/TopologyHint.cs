namespace Flotilla.Node.Placement;

/// <summary>Where something could be served from.</summary>
/// <param name="Nodes">null: it does not matter where.</param>
/// <param name="IsPreferred">No smaller set of nodes could do.</param>
internal readonly record struct TopologyHint(NumaMask? Nodes, bool IsPreferred)
{
    public static readonly TopologyHint Anywhere = new(null, true);

    public static readonly TopologyHint Nowhere = new(null, false);

    /// <summary>Every set of nodes that has enough left, those preferred that are as small as the machine allows for so much.</summary>
    /// <param name="total">What the nodes have in all.</param>
    /// <param name="free">What is left on them; null: what must be used again lies elsewhere.</param>
    public static IReadOnlyList<TopologyHint> For(NumaMask machine, long wanted, Func<NumaMask, long> total, Func<NumaMask, long?> free)
    {
        var least = machine.Count;
        var found = new List<NumaMask>();
        foreach (var nodes in machine.Subsets())
        {
            if (total(nodes) >= wanted)
            {
                least = Math.Min(least, nodes.Count);
            }

            if (free(nodes) >= wanted)
            {
                found.Add(nodes);
            }
        }

        return [.. found.Select(nodes => new TopologyHint(nodes, nodes.Count == least))];
    }
}
