using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;

namespace Flotilla.Cel.Costs;

/// <summary>Estimates of Kubernetes' libraries and the string functions. Where the size is not declared, the worst is assumed.</summary>
internal static class LibraryEstimates
{
    public static CallEstimate? Of(
        string function, string overload, SizedNode? target, SizedNode[] arguments, Func<SizedNode, CostRange> items) => function switch
        {
            "check" => Fixed(CostFactors.AuthorizationCheck),
            _ when LibraryCosts.Nominal.Contains(function) => Fixed(1),
            "fieldSelector" or "labelSelector" => new(LibraryCosts.Selector(arguments[0].SizeOrUnknown)),
            "isSorted" or "sum" or "max" or "min" or "indexOf" or "lastIndexOf" when target is { } list => Search(list, items),
            "url" or "jsonpatch.escapeKey" => new(Scan(arguments[0]), arguments[0].SizeOrUnknown),
            "lowerAscii" or "upperAscii" or "substring" or "trim" when target is { } text => new(Scan(text), text.SizeOrUnknown),
            "replace" when target is { } text && arguments.Length >= 2 => TextEstimates.Replace(text, arguments),
            "split" when target is { } text => TextEstimates.Split(text, arguments),
            "join" when target is { } list => TextEstimates.Join(list, arguments, items),
            "find" or "findAll" when target is { } text => new(
                StandardEstimates.Match(text.SizeOrUnknown, arguments[0].SizeOrUnknown), new CostRange(0, text.SizeOrUnknown.Max)),
            "validate" when target is not null => new(Scan(arguments[0]).Scale(CostFactors.NameFormatPattern * CostFactors.RegexLength)),
            "containsIP" => Contains(arguments[0], overload == "cidr_contains_ip_string", extra: default),
            "containsCIDR" => Contains(
                arguments[0], overload == "cidr_contains_cidr_string", Scan(Address).Add(CostRange.Exactly(1))),
            "ip" when target is not null => Fixed(1),
            "ip" or "cidr" or "isIP" or "isCIDR" or "quantity" or "isQuantity" or "semver" or "isSemver" => new(Scan(arguments[0])),
            "ip.isCanonical" => new(arguments[0].SizeOrUnknown.Scale(2 * CostFactors.StringTraversal)),
            Operators.Equal => Equality(arguments),
            _ => null,
        };

    /// <summary>An address has four or sixteen bytes.</summary>
    private static CostRange Address => new(4, 16);

    private static CallEstimate Fixed(ulong cost) => new(CostRange.Exactly(cost));

    private static CostRange Scan(SizedNode node) => StandardEstimates.Scan(node.SizeOrUnknown);

    private static CostRange Scan(CostRange size) => StandardEstimates.Scan(size);

    private static CallEstimate Search(SizedNode target, Func<SizedNode, CostRange> items)
    {
        if (target.Type.Parameters.Count == 0)
        {
            return new CallEstimate(Scan(target));
        }
        var item = CostRange.Exactly(1);
        if (target.Type.Parameters[0].Kind is CelKind.String or CelKind.Bytes)
        {
            item = item.Add(Scan(items(target)));
        }
        return new CallEstimate(target.SizeOrUnknown.Multiply(item));
    }

    private static CallEstimate Contains(SizedNode other, bool parses, CostRange extra)
    {
        var cost = Scan(Address.Add(Address)).Add(extra);
        return new CallEstimate(parses ? cost.Add(Scan(other)) : cost);
    }

    private static CallEstimate? Equality(SizedNode[] arguments) => arguments[0].Type.Equals(arguments[1].Type) ? arguments[0].Type.Name switch
    {
        "net.IP" or "net.CIDR" or "kubernetes.Quantity" or "kubernetes.Semver" => Fixed(1),
        "kubernetes.NamedFormat" => new(new CostRange(1, (ulong)CostFactors.LongestFormatName).Scale(CostFactors.StringTraversal)),
        "kubernetes.URL" => new(new CostRange(1, arguments[1].Size?.Max ?? 1).Scale(CostFactors.StringTraversal)),
        var name when name.StartsWith("kubernetes.authorization.", StringComparison.Ordinal) => Fixed(1),
        _ => null,
    } : null;
}
