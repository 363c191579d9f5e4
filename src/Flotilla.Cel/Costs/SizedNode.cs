using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;

namespace Flotilla.Cel.Costs;

/// <summary>
/// An argument of a call as estimates see it. <see cref="Path"/> leads from a variable to the declared bounds of the value;
/// <see cref="Size"/> is null when nothing is known.
/// </summary>
internal readonly record struct SizedNode(CelType Type, IReadOnlyList<string>? Path, CostRange? Size, Expression? Expression)
{
    public CostRange SizeOrUnknown => Size ?? CostRange.Unknown;
}

/// <summary>What a call is estimated to cost beyond its arguments, and how large its result is.</summary>
internal readonly record struct CallEstimate(CostRange Cost, CostRange? Result = null);

/// <summary>The sizes of what a list or map holds; known only for those written in place or built by a loop.</summary>
internal sealed record EntrySizes(CelKind Container, CostRange Key, CostRange Value)
{
    public static EntrySizes? Union(EntrySizes? left, EntrySizes? right) => left is null || right is null ? null
        : new EntrySizes(left.Container, left.Key.Union(right.Key), left.Value.Union(right.Value));
}
