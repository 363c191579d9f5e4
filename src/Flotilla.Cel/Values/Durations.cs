using System.Globalization;

namespace Flotilla.Cel.Values;

/// <summary>Durations in text, as Go's time.ParseDuration reads them: <c>1h30m</c>, <c>-1.5s</c>, <c>100ms</c>, <c>0</c>.</summary>
public static class Durations
{
    private static readonly Dictionary<string, long> Units = new(StringComparer.Ordinal)
    {
        ["ns"] = 1,
        ["us"] = 1_000,
        ["µs"] = 1_000,
        ["μs"] = 1_000,
        ["ms"] = 1_000_000,
        ["s"] = 1_000_000_000,
        ["m"] = 60_000_000_000,
        ["h"] = 3_600_000_000_000,
    };

    public static bool TryParse(string text, out long nanoseconds)
    {
        nanoseconds = 0;
        var negative = text.StartsWith('-');
        var rest = text.AsSpan(text.Length > 0 && text[0] is '-' or '+' ? 1 : 0);
        if (rest.SequenceEqual("0"))
        {
            return true;
        }
        if (rest.IsEmpty)
        {
            return false;
        }
        Int128 total = 0;
        while (rest.Length > 0)
        {
            if (!TakePart(ref rest, out var part))
            {
                return false;
            }
            total += part;
            if (total > (Int128)long.MaxValue + 1)
            {
                return false;
            }
        }
        total = negative ? -total : total;
        nanoseconds = total >= long.MinValue && total <= long.MaxValue ? (long)total : 0;
        return total >= long.MinValue && total <= long.MaxValue;
    }

    private static bool TakePart(ref ReadOnlySpan<char> rest, out Int128 nanoseconds)
    {
        nanoseconds = 0;
        var digits = Take(rest, static character => char.IsAsciiDigit(character) || character == '.');
        var number = rest[..digits];
        var unit = rest[digits..];
        var letters = Take(unit, static character => !char.IsAsciiDigit(character) && character != '.');
        var known = Units.TryGetValue(unit[..letters].ToString(), out var scale);
        rest = unit[letters..];
        if (!known || digits is 0 or > 40 || !decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var amount))
        {
            return false;
        }
        var fits = amount <= 1e19m;
        nanoseconds = fits ? ((Int128)decimal.Truncate(amount) * scale) + (Int128)((amount - decimal.Truncate(amount)) * scale) : 0;
        return fits;
    }

    private static int Take(ReadOnlySpan<char> text, Func<char, bool> accepts)
    {
        var length = 0;
        while (length < text.Length && accepts(text[length]))
        {
            length++;
        }
        return length;
    }
}
