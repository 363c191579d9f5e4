using System.Globalization;

namespace Flotilla.Cel.Values;

/// <summary>Numbers in text as Go's strconv writes and reads them.</summary>
internal static class GoNumbers
{
    /// <summary>The shortest text that reads back the same, with an exponent when it is below -4 or above 20.</summary>
    public static string Shortest(double value) => Special(value) ?? Scientific(value, 21) ?? Plain(value);

    /// <summary>As <see cref="Shortest"/>, but numbers from 1e+06 on have an exponent already.</summary>
    public static string General(double value) => Special(value) ?? Scientific(value, 6) ?? Plain(value);

    /// <summary>Digits and a point, never an exponent.</summary>
    public static string Plain(double value)
    {
        if (Special(value) is { } special)
        {
            return special;
        }
        var (digits, exponent) = Parts(Math.Abs(value));
        var text = exponent < 0 ? "0." + new string('0', -exponent - 1) + digits
            : digits.Length <= exponent + 1 ? digits.PadRight(exponent + 1, '0')
            : digits[..(exponent + 1)] + "." + digits[(exponent + 1)..];
        return (double.IsNegative(value) ? "-" : "") + text;
    }

    public static bool TryDouble(string text, out double value)
    {
        var body = text.TrimStart('+', '-');
        value = body.ToUpperInvariant() switch
        {
            "NAN" => double.NaN,
            "INF" or "INFINITY" => double.PositiveInfinity,
            _ => 0,
        };
        if (value != 0)
        {
            value = text.StartsWith('-') ? -value : value;
            return text.Length - body.Length <= 1;
        }
        const NumberStyles Styles = NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent | NumberStyles.AllowLeadingSign;
        return double.TryParse(text, Styles, CultureInfo.InvariantCulture, out value) && !double.IsInfinity(value);
    }

    private static string? Special(double value) =>
        double.IsNaN(value) ? "NaN" : double.IsPositiveInfinity(value) ? "+Inf" : double.IsNegativeInfinity(value) ? "-Inf" : null;

    private static string? Scientific(double value, int limit)
    {
        var (digits, exponent) = Parts(Math.Abs(value));
        if (value == 0 || (exponent >= -4 && exponent < limit))
        {
            return null;
        }
        var mantissa = digits.Length == 1 ? digits : digits[..1] + "." + digits[1..];
        var sign = exponent < 0 ? "-" : "+";
        return $"{(value < 0 ? "-" : "")}{mantissa}e{sign}{Math.Abs(exponent).ToString("D2", CultureInfo.InvariantCulture)}";
    }

    /// <summary>The significant digits, and the power of ten of the first.</summary>
    private static (string Digits, int Exponent) Parts(double value)
    {
        var text = Math.Abs(value).ToString("R", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('E', StringComparison.Ordinal);
        var power = mark < 0 ? 0 : int.Parse(text.AsSpan(mark + 1), CultureInfo.InvariantCulture);
        var mantissa = mark < 0 ? text : text[..mark];
        var point = mantissa.IndexOf('.', StringComparison.Ordinal);
        var whole = point < 0 ? mantissa.Length : point;
        var all = mantissa.Replace(".", "", StringComparison.Ordinal);
        var digits = all.TrimStart('0');
        var exponent = whole - 1 - (all.Length - digits.Length) + power;
        digits = digits.TrimEnd('0');
        return digits.Length == 0 ? ("0", 0) : (digits, exponent);
    }
}
