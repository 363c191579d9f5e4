namespace Flotilla.Cel.Costs;

/// <summary>Which functions cost alike, at compile time and at run time.</summary>
internal static class LibraryCosts
{
    public static readonly HashSet<string> Nominal = new(StringComparer.Ordinal)
    {
        "serviceAccount", "path", "group", "resource", "subresource", "namespace", "name", "allowed", "reason", "error", "errored",
        "masked", "prefixLength", "family", "isUnspecified", "isLoopback", "isLinkLocalMulticast", "isLinkLocalUnicast",
        "isGlobalUnicast", "format.named", "sign", "asInteger", "isInteger", "asApproximateFloat", "isGreaterThan", "isLessThan",
        "compareTo", "add", "sub", "major", "minor", "patch", "getScheme", "getHostname", "getHost", "getPort", "getEscapedPath",
        "getQuery",
    };

    /// <summary>Functions that read their first argument once.</summary>
    public static readonly HashSet<string> OneTraversal = new(StringComparer.Ordinal)
    {
        "url", "lowerAscii", "upperAscii", "substring", "trim", "jsonpatch.escapeKey", "cidr", "isIP", "isCIDR", "quantity",
        "isQuantity", "semver", "isSemver",
    };

    /// <summary>Overloads that read both arguments until the shorter ends.</summary>
    public static readonly HashSet<string> SmallerTraversal = new(StringComparer.Ordinal)
    {
        "less_string", "greater_string", "less_equals_string", "greater_equals_string", "less_bytes", "greater_bytes",
        "less_equals_bytes", "greater_equals_bytes", "equals", "not_equals",
    };

    /// <summary>A selector is parsed into requirements of at least two characters, each an object with a list.</summary>
    public static CostRange Selector(CostRange length) =>
        CostRange.Exactly(CostFactors.ListCreation)
            .Add(length.Scale(CostFactors.StringTraversal))
            .Add(length.Scale(0.5).Scale(CostFactors.ListCreation + CostFactors.ObjectCreation));
}
