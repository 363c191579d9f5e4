using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Engine.Specs;

/// <summary>Sizes as docker reads those of files and disks: a number and a unit in thousands, like <c>10m</c> or <c>1.5 GB</c>. Pure.</summary>
internal static partial class HumanSize
{
    private const string Units = "kmgtp";

    /// <returns>Whole bytes; null: it is none.</returns>
    public static long? Parse(string text)
    {
        if (Shape().Match(text) is not { Success: true } parts)
        {
            return null;
        }

        var unit = parts.Groups["unit"].Value is { Length: > 0 } name ? Units.IndexOf(char.ToLowerInvariant(name[0]), StringComparison.Ordinal) + 1 : 0;
        var bytes = double.Parse(parts.Groups["number"].Value, CultureInfo.InvariantCulture) * Math.Pow(1000, unit);
        return bytes < long.MaxValue ? (long)bytes : long.MaxValue;
    }

    [GeneratedRegex("^(?<number>[0-9]+([.][0-9]+)?) ?(?<unit>[kKmMgGtTpP])?[iI]?[bB]?$", RegexOptions.ExplicitCapture | RegexOptions.NonBacktracking)]
    private static partial Regex Shape();
}
