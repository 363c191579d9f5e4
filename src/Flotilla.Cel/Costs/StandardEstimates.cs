namespace Flotilla.Cel.Costs;

/// <summary>Estimates of the standard functions whose cost depends on sizes.</summary>
internal static class StandardEstimates
{
    public static CallEstimate Of(string overload, SizedNode? target, SizedNode[] arguments) => overload switch
    {
        "string_format" when target is { } format => new(
            Scan(format.SizeOrUnknown), format.SizeOrUnknown.Add(arguments[0].SizeOrUnknown)),
        "string_to_bytes" => Convert(arguments[0].SizeOrUnknown, size => new(size.Min, Saturating.Multiply(size.Max, 4))),
        "bytes_to_string" => Convert(arguments[0].SizeOrUnknown, size => new(size.Min / 4, size.Max)),
        "strings_quote" => Convert(arguments[0].SizeOrUnknown, size => new(
            Saturating.Add(size.Min, 2), Saturating.Add(Saturating.Multiply(size.Max, 2), 2))),
        "starts_with_string" or "ends_with_string" => new(Scan(arguments[0].SizeOrUnknown)),
        "in_list" => new(arguments[1].SizeOrUnknown),
        "matches_string" when target is { } text => new(Match(text.SizeOrUnknown, arguments[0].SizeOrUnknown)),
        "contains_string" when target is { } text => new(Scan(text.SizeOrUnknown).Multiply(Scan(arguments[0].SizeOrUnknown))),
        "add_list" => new(CostRange.Exactly(1), arguments[0].SizeOrUnknown.Add(arguments[1].SizeOrUnknown)),
        "add_string" or "add_bytes" => Join(arguments[0].SizeOrUnknown.Add(arguments[1].SizeOrUnknown)),
        _ when LibraryCosts.SmallerTraversal.Contains(overload) => new(Compare(arguments)),
        "list_sets_contains_list" or "list_sets_intersects_list" => new(Product(arguments, 1)),
        "list_sets_equivalent_list" => new(Product(arguments, 2)),
        _ => new(CostRange.Exactly(1)),
    };

    public static CostRange Match(CostRange text, CostRange pattern) =>
        Scan(text.Add(CostRange.Exactly(1))).Multiply(pattern.Scale(CostFactors.RegexLength));

    public static CostRange Scan(CostRange size) => size.Scale(CostFactors.StringTraversal);

    private static CallEstimate Convert(CostRange size, Func<CostRange, CostRange> result) => new(Scan(size), result(size));

    private static CallEstimate Join(CostRange size) => new(Scan(size), size);

    private static CostRange Product(SizedNode[] arguments, double factor) =>
        arguments[0].SizeOrUnknown.Multiply(arguments[1].SizeOrUnknown).Scale(factor).Add(CostRange.Exactly(1));

    private static CostRange Compare(SizedNode[] arguments)
    {
        var most = Math.Min(arguments[0].SizeOrUnknown.Max, arguments[1].SizeOrUnknown.Max);
        return Scan(new CostRange(most > 0 ? 1UL : 0, most));
    }
}
