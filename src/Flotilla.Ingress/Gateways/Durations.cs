using System.Globalization;
using System.Text.RegularExpressions;

namespace Flotilla.Ingress.Gateways;

/// <summary>Durations as the Gateway API writes them: <c>1h30m</c>, <c>10s</c>, <c>500ms</c>.</summary>
internal static partial class Durations
{
    /// <summary>null: there is no limit, or it cannot be read.</summary>
    public static TimeSpan? Parse(string? text)
    {
        if (text is null || !Whole().IsMatch(text))
        {
            return null;
        }

        var sum = TimeSpan.Zero;
        foreach (Match part in Part().Matches(text))
        {
            var amount = double.Parse(part.Groups[1].ValueSpan, CultureInfo.InvariantCulture);
            sum += part.Groups[2].Value switch
            {
                "h" => TimeSpan.FromHours(amount),
                "m" => TimeSpan.FromMinutes(amount),
                "s" => TimeSpan.FromSeconds(amount),
                _ => TimeSpan.FromMilliseconds(amount),
            };
        }

        return sum == TimeSpan.Zero ? null : sum;
    }

    [GeneratedRegex("^([0-9]{1,5}(h|ms|m|s)){1,4}$", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Whole();

    [GeneratedRegex("([0-9]{1,5})(h|ms|m|s)", RegexOptions.None, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Part();
}
