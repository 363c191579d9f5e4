namespace Flotilla.Node.Placement;

/// <summary>What the node makes of the places where a container's resources could come from. Pure.</summary>
/// <param name="Decide">The machine's nodes and everybody's hints; the answer is where, and whether the pod may run at all.</param>
internal sealed record TopologyPolicy(string Name, Func<NumaMask, IReadOnlyList<IReadOnlyList<TopologyHint>>, (TopologyHint Where, bool Admits)> Decide)
{
    /// <summary>Whether anybody need be asked.</summary>
    public bool Asks { get; init; } = true;
}

/// <summary>All policies, under upstream's names.</summary>
public static class TopologyPolicies
{
    internal static readonly IReadOnlyList<TopologyPolicy> All =
    [
        new("none", (_, _) => (TopologyHint.Nowhere, true)) { Asks = false },
        new("best-effort", (machine, hints) => (HintMerge.Best(machine, hints), true)),
        new("restricted", (machine, hints) => HintMerge.Best(machine, hints) is var best ? (best, best.IsPreferred) : default),
        new("single-numa-node", OnOneNode),
    ];

    public static IEnumerable<string> Names => All.Select(policy => policy.Name);

    private static (TopologyHint Where, bool Admits) OnOneNode(NumaMask machine, IReadOnlyList<IReadOnlyList<TopologyHint>> hints)
    {
        var best = HintMerge.Best(machine, [.. hints.Select(choices => choices.Where(hint => hint.IsPreferred && hint.Nodes is null or { Count: 1 }).ToList())]);
        return (best.Nodes == machine ? best with { Nodes = null } : best, best.IsPreferred);
    }
}
