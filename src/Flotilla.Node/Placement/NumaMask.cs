using System.Numerics;

namespace Flotilla.Node.Placement;

/// <summary>A set of NUMA nodes of the machine, by their numbers.</summary>
internal readonly record struct NumaMask(ulong Bits)
{
    /// <summary>Upstream's limit: there is a hint for every subset.</summary>
    public const int MostNodes = 8;

    public int Count => BitOperations.PopCount(Bits);

    public IEnumerable<int> Nodes
    {
        get
        {
            for (var rest = Bits; rest != 0; rest &= rest - 1)
            {
                yield return BitOperations.TrailingZeroCount(rest);
            }
        }
    }

    public static NumaMask Of(params IEnumerable<int> nodes) => new(nodes.Aggregate(0UL, (bits, node) => bits | (1UL << node)));

    public bool Contains(int node) => (Bits >> node & 1) != 0;

    public bool Contains(NumaMask other) => (Bits & other.Bits) == other.Bits;

    public bool Overlaps(NumaMask other) => (Bits & other.Bits) != 0;

    /// <summary>Of fewer nodes, or of as many with lower numbers.</summary>
    public bool IsNarrowerThan(NumaMask other) => Count == other.Count ? Bits < other.Bits : Count < other.Count;

    /// <summary>All that are not empty, the narrowest first.</summary>
    public IEnumerable<NumaMask> Subsets()
    {
        var own = Bits;
        var all = new List<NumaMask>();
        for (var part = own; part != 0; part = (part - 1) & own)
        {
            all.Add(new NumaMask(part));
        }

        return all.OrderBy(part => part.Count).ThenBy(part => part.Bits);
    }

    public static NumaMask operator &(NumaMask left, NumaMask right) => new(left.Bits & right.Bits);

    public static NumaMask operator |(NumaMask left, NumaMask right) => new(left.Bits | right.Bits);
}
