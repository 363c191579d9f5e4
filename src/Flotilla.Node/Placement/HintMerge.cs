using Hints = System.Collections.Generic.IReadOnlyDictionary<string, System.Collections.Generic.IReadOnlyList<Flotilla.Node.Placement.TopologyHint>?>;

namespace Flotilla.Node.Placement;

/// <summary>One place out of the places that everybody could serve from, by upstream's rules. Pure.</summary>
internal static class HintMerge
{
    /// <param name="answers">Of each provider, by resource: null when it does not matter where, empty when there is nowhere.</param>
    public static IReadOnlyList<IReadOnlyList<TopologyHint>> Flatten(IEnumerable<Hints> answers) =>
    [
        .. answers.SelectMany(answer => answer.Count == 0
            ? [[TopologyHint.Anywhere]]
            : answer.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value switch
            {
                null => [TopologyHint.Anywhere],
                { Count: 0 } => [TopologyHint.Nowhere],
                var hints => hints,
            })),
    ];

    /// <summary>The best combination of one hint each: preferred by all, narrow; else as narrow as the neediest resource allows.</summary>
    public static TopologyHint Best(NumaMask machine, IReadOnlyList<IReadOnlyList<TopologyHint>> hints)
    {
        var narrowest = hints.Select(Narrowest).DefaultIfEmpty(0).Max();
        TopologyHint? best = null;
        foreach (var candidate in Combinations(machine, hints).Where(candidate => candidate.Nodes!.Value.Count > 0))
        {
            best = best is { } current && !IsBetter(candidate, current, narrowest) ? current : candidate;
        }

        return best ?? new TopologyHint(machine, false);
    }

    // Combinations that agree so far are followed once, so that many resources do not multiply.
    private static IEnumerable<TopologyHint> Combinations(NumaMask machine, IReadOnlyList<IReadOnlyList<TopologyHint>> hints)
    {
        var reached = new HashSet<(NumaMask Common, NumaMask? First, bool IsPreferred)> { (machine, null, true) };
        foreach (var choices in hints)
        {
            reached = [.. reached.SelectMany(state => choices.Select(hint => hint.Nodes is { } nodes
                ? (state.Common & nodes, state.First ?? nodes, state.IsPreferred && hint.IsPreferred && (state.First ?? nodes) == nodes)
                : (state.Common, state.First, state.IsPreferred && hint.IsPreferred)))];
        }

        return reached.Select(state => new TopologyHint(state.Common, state.IsPreferred));
    }

    private static bool IsBetter(TopologyHint candidate, TopologyHint current, int narrowest)
    {
        if (candidate.IsPreferred != current.IsPreferred)
        {
            return candidate.IsPreferred;
        }

        var (wide, known) = (candidate.Nodes!.Value, current.Nodes!.Value);
        return candidate.IsPreferred || known.Count > narrowest ? wide.IsNarrowerThan(known)
            : wide.Count != known.Count ? wide.Count <= narrowest && wide.Count > known.Count
            : wide.IsNarrowerThan(known);
    }

    private static int Narrowest(IReadOnlyList<TopologyHint> hints) => hints.Where(hint => hint.Nodes is not null).Select(hint => hint.Nodes!.Value.Count).DefaultIfEmpty(0).Min();
}
