using Flotilla.Cel.Libraries;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Costs;

/// <summary>What one call has cost, given its arguments and result.</summary>
internal static class RuntimeCosts
{
    public static ulong Of(string function, string overload, CelValue[] values, CelValue result) =>
        OfLibrary(function, overload, values, result) ?? OfLists(overload, values, result) ?? OfStandard(overload, values);

    private static ulong? OfLibrary(string function, string overload, CelValue[] values, CelValue result) => function switch
    {
        "check" => CostFactors.AuthorizationCheck,
        _ when LibraryCosts.Nominal.Contains(function) => 1,
        "fieldSelector" or "labelSelector" => LibraryCosts.Selector(CostRange.Exactly(Size(values[1]))).Max,
        "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" => Traversal(values[0]),
        _ when LibraryCosts.OneTraversal.Contains(function) => Scan(Size(values[0])),
        "ip" => overload == "cidr_ip" ? 1 : Scan(Size(values[0])),
        "replace" or "split" or "ip.isCanonical" => Scan(Size(values[0]), 2),
        "join" => Scan(Size(result), 2),
        "find" or "findAll" => Match(Size(values[0]), Size(values[1])),
        "containsIP" => Contains(values, overload == "cidr_contains_ip_string"),
        "containsCIDR" => Contains(values, overload == "cidr_contains_cidr_string") + Scan(Size(values[0])) + 1,
        "validate" when values[0] is NamedFormat format => Match(Size(values[1]), (ulong)format.PatternSize),
        Operators.Equal when values[0] is OpaqueValue => 1,
        _ => null,
    };

    private static ulong? OfLists(string overload, CelValue[] values, CelValue result) => overload switch
    {
        "list_slice" or "lists_range" or "list_reverse" => Allocation(1, Size(result)),
        "list_flatten" => Allocation(1, Size(values[0])),
        "list_flatten_int" => Allocation(values[1] is IntValue depth ? Math.Max(0, depth.Value) : 1, Size(values[0])),
        "list_distinct" => SelfComparison(values[0]),
        _ when overload.EndsWith("_sort", StringComparison.Ordinal) => SelfComparison(values[0]),
        _ when overload.EndsWith("_sortByAssociatedKeys", StringComparison.Ordinal) => SelfComparison(values[1]),
        _ => null,
    };

    private static ulong OfStandard(string overload, CelValue[] values) => overload switch
    {
        "string_to_bytes" or "bytes_to_string" or "strings_quote" or "string_format" => Scan(Size(values[0])),
        "starts_with_string" or "ends_with_string" => Scan(Size(values[0])),
        "in_list" => Size(values[1]),
        _ when LibraryCosts.SmallerTraversal.Contains(overload) => Scan(Math.Min(Size(values[0]), Size(values[1]))),
        "add_string" or "add_bytes" => Scan(Saturating.Add(Size(values[0]), Size(values[1]))),
        "matches_string" => Match(Size(values[0]), Size(values[1])),
        "contains_string" => Saturating.Multiply(Scan(Size(values[0])), Scan(Size(values[1]))),
        "list_sets_contains_list" or "list_sets_intersects_list" or "list_sets_equivalent_list" => Sets(overload, values),
        _ => 1,
    };

    private static ulong Sets(string overload, CelValue[] values)
    {
        var product = Saturating.Multiply(Size(values[0]), Size(values[1]));
        return Saturating.Add(overload == "list_sets_equivalent_list" ? Saturating.Multiply(product, 2) : product, 1);
    }

    private static ulong Size(CelValue value) => (ulong)(value.Size ?? 1);

    private static ulong Scan(ulong size, int times = 1) => Saturating.Scale(size, times * CostFactors.StringTraversal);

    /// <summary>Characters by states of the automaton; one more character, so that an empty text is not free.</summary>
    private static ulong Match(ulong text, ulong pattern) =>
        Saturating.Multiply(Scan(Saturating.Add(text, 1)), Saturating.Scale(pattern, CostFactors.RegexLength));

    private static ulong Contains(CelValue[] values, bool parses) =>
        Scan(Size(values[0]) * 2) + (parses ? Scan(Size(values[1])) : 0);

    private static ulong Allocation(double factor, ulong size) =>
        Saturating.Add(size * factor >= 1e18 ? ulong.MaxValue : (ulong)(size * factor), 1 + CostFactors.ListCreation);

    private static ulong SelfComparison(CelValue value)
    {
        var size = Size(value);
        var isText = value is ListValue { Count: > 0 } list && list[0] is StringValue or BytesValue;
        return Allocation(2 + (isText ? CostFactors.StringTraversal : 0), Saturating.Multiply(size, size));
    }

    private static ulong Traversal(CelValue value) => value switch
    {
        StringValue text => (ulong)(System.Text.Encoding.UTF8.GetByteCount(text.Value) * CostFactors.StringTraversal),
        BytesValue bytes => (ulong)(bytes.Value.Length * CostFactors.StringTraversal),
        ListValue list => list.Items().Aggregate(0UL, (sum, item) => sum + Traversal(item)),
        MapValue map => map.Keys().Aggregate(0UL, (sum, key) => sum + Traversal(key) + Traversal(map.Find(key)!)),
        _ => 1,
    };
}
