using System.Globalization;
using System.Numerics;
using System.Text.RegularExpressions;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>An amount in billionths; finer fractions round away from zero, as upstream's do.</summary>
internal sealed partial class QuantityValue(BigInteger nanos) : OpaqueValue(QuantityValue.OfQuantity)
{
    public static readonly CelType OfQuantity = CelType.Object("kubernetes.Quantity", static _ => null);

    private const string Mismatch = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    private const string BadSuffix = "unable to parse quantity's suffix";
    private const int MaxExponent = 1000;

    private static readonly BigInteger Billion = 1_000_000_000;
    private static readonly string[] Decimal = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] Binary = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    public int Sign => Nanos.Sign;

    private BigInteger Nanos { get; } = nanos;

    public static QuantityValue Of(long whole) => new(whole * Billion);

    public static QuantityValue? Parse(string text, out string problem)
    {
        var match = Form().Match(text);
        problem = match.Success && match.Groups["whole"].Length + match.Groups["fraction"].Length > 0 ? "" : Mismatch;
        if (problem.Length > 0)
        {
            return null;
        }
        var point = match.Groups["fraction"].Length;
        var digits = BigInteger.Parse(match.Groups["whole"].Value + match.Groups["fraction"].Value, CultureInfo.InvariantCulture);
        digits = match.Groups["sign"].Value == "-" ? -digits : digits;
        if (Scale(match.Groups["suffix"].Value) is not { } scale)
        {
            problem = BadSuffix;
            return null;
        }
        return new QuantityValue(DivideUp(digits * scale.Numerator * Billion, scale.Denominator * BigInteger.Pow(10, point)));
    }

    public int CompareTo(QuantityValue other) => Nanos.CompareTo(other.Nanos);

    public QuantityValue Add(QuantityValue other) => new(Nanos + other.Nanos);

    public QuantityValue Negate() => new(-Nanos);

    /// <summary>The amount when it is whole and fits into 64 bits.</summary>
    public long? ToInt()
    {
        var whole = BigInteger.DivRem(Nanos, Billion, out var rest);
        return rest.IsZero && whole >= long.MinValue && whole <= long.MaxValue ? (long)whole : null;
    }

    public double ToDouble() => (double)Nanos / 1e9;

    internal override bool IsEqualTo(CelValue other) => other is QuantityValue quantity && quantity.Nanos == Nanos;

    private static BigInteger DivideUp(BigInteger value, BigInteger by)
    {
        var quotient = BigInteger.DivRem(value, by, out var rest);
        return rest.IsZero ? quotient : quotient + rest.Sign;
    }

    private static (BigInteger Numerator, BigInteger Denominator)? Scale(string suffix)
    {
        if (Array.IndexOf(Binary, suffix) is >= 0 and var binary)
        {
            return (BigInteger.Pow(1024, binary + 1), 1);
        }
        var power = (Array.IndexOf(Decimal, suffix) - 3) * 3;
        if (Array.IndexOf(Decimal, suffix) < 0
            && (suffix is not ['e' or 'E', ..] || !int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out power) || Math.Abs(power) > MaxExponent))
        {
            return null;
        }
        return power >= 0 ? (BigInteger.Pow(10, power), 1) : (1, BigInteger.Pow(10, -power));
    }

    [GeneratedRegex(@"^(?<sign>[+-]?)(?<whole>\d*)(?:\.(?<fraction>\d*))?(?<suffix>[eEinumkKMGTP]*[-+]?\d*)\z", RegexOptions.NonBacktracking | RegexOptions.ExplicitCapture)]
    private static partial Regex Form();
}
