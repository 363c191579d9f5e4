using System.Globalization;
using System.Numerics;

namespace Flotilla.Api.Quantities;

/// <summary>
/// A resource amount: a decimal number with an SI, binary or exponent suffix ("500m", "1Gi", "2e3").
/// Equal amounts have one canonical text. Finer than nano is rounded up.
/// </summary>
public readonly struct Quantity : IComparable<Quantity>, IEquatable<Quantity>
{
    private const string Pattern = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'";
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly BigInteger Billion = 1_000_000_000;
    private readonly BigInteger nano;
    private readonly Form form;

    private Quantity(BigInteger nano, Form form)
    {
        this.nano = nano;
        this.form = form;
    }

    private enum Form
    {
        Decimal,
        Binary,
        Exponent,
    }

    public static Quantity Zero => default;

    public int Sign => nano.Sign;

    /// <summary>Whole units, rounded up.</summary>
    public BigInteger Value => CeilingDivide(nano, Billion);

    /// <summary>Thousandths, rounded up: milli-CPU.</summary>
    public BigInteger MilliValue => CeilingDivide(nano, 1_000_000);

    public static Quantity FromUnits(long units) => new(units * Billion, Form.Decimal);

    public static Quantity Parse(string text) => TryParse(text, out var value, out var error) ? value : throw new FormatException(error);

    public static bool TryParse(string text, out Quantity value, out string? error)
    {
        value = default;
        error = null;
        var at = 0;
        var negative = false;
        if (text.Length > 0 && text[0] is '+' or '-' && text.Length > 0)
        {
            negative = text[0] == '-';
            at = 1;
        }

        var start = at;
        var digits = 0;
        var point = -1;
        for (; at < text.Length && (char.IsAsciiDigit(text[at]) || text[at] == '.'); at++)
        {
            if (text[at] == '.')
            {
                if (point >= 0)
                {
                    error = Pattern;
                    return false;
                }

                point = at;
            }
            else
            {
                digits++;
            }
        }

        if (digits == 0 || !TryScale(text[at..], out var numerator, out var denominator, out var form))
        {
            error = Pattern;
            return false;
        }

        var fraction = point < 0 ? 0 : at - point - 1;
        var mantissa = BigInteger.Parse(text[start..at].Replace(".", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
        var scaled = CeilingDivide(mantissa * numerator * Billion, denominator * BigInteger.Pow(10, fraction));
        value = new Quantity(negative ? -scaled : scaled, form);
        return true;
    }

    public static Quantity operator +(Quantity left, Quantity right) => new(left.nano + right.nano, left.nano.IsZero ? right.form : left.form);

    public static Quantity operator -(Quantity left, Quantity right) => new(left.nano - right.nano, left.nano.IsZero ? right.form : left.form);

    public static bool operator >(Quantity left, Quantity right) => left.nano > right.nano;

    public static bool operator <(Quantity left, Quantity right) => left.nano < right.nano;

    public static bool operator ==(Quantity left, Quantity right) => left.nano == right.nano;

    public static bool operator !=(Quantity left, Quantity right) => left.nano != right.nano;

    public int CompareTo(Quantity other) => nano.CompareTo(other.nano);

    public bool Equals(Quantity other) => nano == other.nano;

    public override bool Equals(object? obj) => obj is Quantity other && Equals(other);

    public override int GetHashCode() => nano.GetHashCode();

    /// <summary>Canonical text: the largest suffix that keeps the number whole.</summary>
    public override string ToString()
    {
        if (nano.IsZero)
        {
            return "0";
        }

        // Binary suffixes cannot carry fractions or amounts below one Ki: those read better in decimal.
        if (form == Form.Binary && BigInteger.Abs(nano) >= 1024 * Billion && (nano % Billion).IsZero)
        {
            return WithSuffix(nano / Billion, 1024, BinarySuffixes, 0);
        }

        if (form == Form.Exponent)
        {
            var (number, power) = Reduce(nano, 1000, 9);
            var exponent = (power * 3) - 9;
            return exponent == 0 ? Text(number) : string.Create(CultureInfo.InvariantCulture, $"{number}e{exponent}");
        }

        return WithSuffix(nano, 1000, DecimalSuffixes, 0);
    }

    private static string WithSuffix(BigInteger number, int step, string[] suffixes, int first)
    {
        var (reduced, power) = Reduce(number, step, suffixes.Length - 1 - first);
        return Text(reduced) + suffixes[first + power];
    }

    private static (BigInteger Number, int Power) Reduce(BigInteger number, int step, int limit)
    {
        var power = 0;
        while (power < limit && (number % step).IsZero)
        {
            number /= step;
            power++;
        }

        return (number, power);
    }

    private static string Text(BigInteger number) => number.ToString(CultureInfo.InvariantCulture);

    private static bool TryScale(string suffix, out BigInteger numerator, out BigInteger denominator, out Form form)
    {
        numerator = BigInteger.One;
        denominator = BigInteger.One;
        form = Form.Decimal;
        if (Array.IndexOf(BinarySuffixes, suffix) is var binary and > 0)
        {
            numerator = BigInteger.Pow(1024, binary);
            form = Form.Binary;
            return true;
        }

        if (Array.IndexOf(DecimalSuffixes, suffix) is var scale and >= 0)
        {
            numerator = scale >= 3 ? BigInteger.Pow(1000, scale - 3) : BigInteger.One;
            denominator = scale < 3 ? BigInteger.Pow(1000, 3 - scale) : BigInteger.One;
            return true;
        }

        if (suffix.Length > 1 && suffix[0] is 'e' or 'E' && int.TryParse(suffix.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent) && Math.Abs(exponent) <= 30)
        {
            numerator = exponent >= 0 ? BigInteger.Pow(10, exponent) : BigInteger.One;
            denominator = exponent < 0 ? BigInteger.Pow(10, -exponent) : BigInteger.One;
            form = Form.Exponent;
            return true;
        }

        return false;
    }

    private static BigInteger CeilingDivide(BigInteger number, BigInteger divisor)
    {
        var quotient = BigInteger.DivRem(number, divisor, out var remainder);
        return remainder.Sign > 0 ? quotient + 1 : quotient;
    }
}
