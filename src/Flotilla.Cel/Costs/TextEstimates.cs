using Flotilla.Cel.Syntax;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Costs;

/// <summary>Estimates of the string functions whose results grow or fall apart.</summary>
internal static class TextEstimates
{
    /// <summary>The shortest and the longest result: few or many matches, replaced by little or by much.</summary>
    public static CallEstimate Replace(SizedNode text, SizedNode[] arguments)
    {
        var (size, replaced, by) = (text.SizeOrUnknown, arguments[0].SizeOrUnknown, arguments[1].SizeOrUnknown);
        var (mostTimes, mostKept) = Times(size.Max, replaced.Min, by.Max <= replaced.Min);
        var (leastTimes, leastKept) = Times(size.Min, replaced.Max, replaced.Max <= by.Min);
        var result = new CostRange(leastTimes, mostTimes).Multiply(by).Add(new CostRange(leastKept, mostKept));
        return new CallEstimate(size.Scale(2 * CostFactors.StringTraversal), result);
    }

    public static CallEstimate Split(SizedNode text, SizedNode[] arguments)
    {
        var size = text.SizeOrUnknown;
        var most = arguments.Length > 1 && arguments[1].Expression is Literal { Value: IntValue limit } ? (ulong)limit.Value : size.Max;
        return new CallEstimate(size.Scale(2 * CostFactors.StringTraversal), new CostRange(0, most));
    }

    public static CallEstimate Join(SizedNode list, SizedNode[] arguments, Func<SizedNode, CostRange> items)
    {
        var size = list.SizeOrUnknown;
        var result = list.Type.Parameters.Count > 0 ? size.Multiply(items(list)) : default;
        if (arguments.Length > 0)
        {
            var separators = new CostRange(size.Min > 0 ? size.Min - 1 : 0, size.Max > 0 ? size.Max - 1 : 0);
            result = result.Add(arguments[0].SizeOrUnknown.Multiply(separators));
        }
        return new CallEstimate(StandardEstimates.Scan(result), result);
    }

    /// <summary>How many matches there are and how much of the text stays; an empty pattern matches around every character.</summary>
    private static (ulong Times, ulong Kept) Times(ulong size, ulong pattern, bool changesNothing) => pattern switch
    {
        0 => (Saturating.Add(size, 1), size),
        _ when changesNothing => (0, size),
        _ => (Saturating.Scale(size, 1.0 / pattern), 0),
    };
}
