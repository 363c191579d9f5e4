using System.Globalization;
using System.Numerics;

namespace Flotilla.Api.GoTypes;

/// <summary>
/// What a parsed quantity looks like in upstream's memory: small amounts are a number with a decimal scale, others an
/// arbitrary decimal, and some keep the text they came from.
/// </summary>
/// <param name="Value">With <paramref name="Scale"/>: Value x 10^Scale; a <paramref name="Large"/> amount divides by 10^Scale.</param>
/// <param name="Text">Kept when it is certainly canonical, otherwise empty.</param>
internal sealed record GoQuantity(BigInteger Value, int Scale, bool Large, string Text, string Format)
{
    private const string DecimalSI = "DecimalSI";
    private const string BinarySI = "BinarySI";
    private const string DecimalSuffixes = "num kMGTPE";
    private const string BinarySuffixes = "KMGTPE";
    private const int Nano = -9;

    /// <summary>Digits that surely fit into 64 bits.</summary>
    private const int SafeDigits = 18;

    /// <param name="text">A valid quantity.</param>
    public static GoQuantity Parse(string text)
    {
        if (text == "0")
        {
            return new GoQuantity(0, 0, false, text, DecimalSI);
        }

        var start = text[0] is '+' or '-' ? 1 : 0;
        var end = start;
        while (end < text.Length && (char.IsAsciiDigit(text[end]) || text[end] == '.'))
        {
            end++;
        }

        var parts = text[start..end].Split('.');
        var (whole, fraction) = (parts[0].TrimStart('0') is { Length: > 0 } digits ? digits : "0", parts.Length > 1 ? parts[1] : "");
        var (exponent, format) = ReadSuffix(text[end..]);
        var sign = text[0] == '-' ? -1 : 1;
        return Small(text, sign, whole, fraction, exponent, format) ?? LargeOf(sign, whole, fraction, exponent, format);
    }

    private static (int Exponent, string Format) ReadSuffix(string suffix) => suffix switch
    {
        "" => (0, DecimalSI),
        [var unit, 'i'] => ((BinarySuffixes.IndexOf(unit, StringComparison.Ordinal) + 1) * 10, BinarySI),
        [var unit] => ((DecimalSuffixes.IndexOf(unit, StringComparison.Ordinal) * 3) + Nano, DecimalSI),
        _ => (int.Parse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture), "DecimalExponent"),
    };

    private static GoQuantity? Small(string text, int sign, string whole, string fraction, int exponent, string format)
    {
        var isBinary = format == BinarySI;
        var spare = isBinary ? 15 - whole.Length - (exponent * 3 / 10) - 1 : SafeDigits - whole.Length - fraction.Length;
        var scale = (isBinary ? 0 : exponent) - fraction.Length;
        if (spare < 0 || scale < Nano || (isBinary && fraction.Length > 0))
        {
            return null;
        }

        var shifted = whole + fraction;
        var value = long.Parse(shifted, CultureInfo.InvariantCulture);
        var isCanonical = isBinary
            ? (value & 7) != 0
            : scale % 3 == 0 && !shifted.EndsWith("000", StringComparison.Ordinal) && shifted[0] != '0';
        return new GoQuantity(sign * value * (isBinary ? BigInteger.One << exponent : 1), scale, false, isCanonical ? text : "", format);
    }

    private static GoQuantity LargeOf(int sign, string whole, string fraction, int exponent, string format)
    {
        var unscaled = BigInteger.Parse(whole + fraction, CultureInfo.InvariantCulture);
        var scale = fraction.Length;
        if (format == BinarySI)
        {
            unscaled <<= exponent;
        }
        else
        {
            scale -= exponent;
        }

        var nano = scale <= -Nano
            ? unscaled * BigInteger.Pow(10, -Nano - scale)
            : BigInteger.DivRem(unscaled, BigInteger.Pow(10, scale + Nano), out var rest) + (rest.IsZero ? 0 : 1);
        var one = BigInteger.Pow(10, -Nano);
        if (format == BinarySI && nano > one * long.MaxValue)
        {
            return new GoQuantity(sign * new BigInteger(long.MaxValue), 0, true, "", format);
        }

        return new GoQuantity(sign * nano, -Nano, true, "", format == BinarySI && nano > 0 && nano < one ? DecimalSI : format);
    }
}
