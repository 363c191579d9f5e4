using Flotilla.Cel.Syntax;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Costs;

/// <summary>Estimates of the functions that make lists of lists: linear, or quadratic where items are compared to each other.</summary>
internal static class ListEstimates
{
    public static CallEstimate? Of(string overload, SizedNode? target, SizedNode[] arguments)
    {
        var size = target?.SizeOrUnknown ?? CostRange.Unknown;
        return overload switch
        {
            "list_slice" => Allocate(1, CostRange.Exactly(Slice(Number(arguments[0], 0), Number(arguments[1], size.Max)))),
            "lists_range" => Allocate(1, CostRange.Exactly(Number(arguments[0], ulong.MaxValue))),
            "list_reverse" or "list_flatten" => Allocate(1, size),
            "list_flatten_int" => Allocate(Number(arguments[0], ulong.MaxValue), size),
            "list_distinct" => Allocate(2, size.Multiply(size)),
            _ when overload.EndsWith("_sort", StringComparison.Ordinal) => Sort(overload, size),
            _ when overload.EndsWith("_sortByAssociatedKeys", StringComparison.Ordinal) => Sort(overload, arguments[0].SizeOrUnknown),
            _ => null,
        };
    }

    private static CallEstimate Sort(string overload, CostRange size)
    {
        var isText = overload.StartsWith("list_string_", StringComparison.Ordinal) || overload.StartsWith("list_bytes_", StringComparison.Ordinal);
        return Allocate(2 + (isText ? CostFactors.StringTraversal : 0), size.Multiply(size));
    }

    private static CallEstimate Allocate(double factor, CostRange size) =>
        new(size.Scale(factor).Add(CostRange.Exactly(1 + CostFactors.ListCreation)), size);

    private static ulong Slice(ulong start, ulong end) => end > start ? end - start : 0;

    private static ulong Number(SizedNode node, ulong otherwise) =>
        node.Expression is Literal { Value: IntValue { Value: >= 0 } number } ? (ulong)number.Value : otherwise;
}
