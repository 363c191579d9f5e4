using System.Globalization;
using System.Numerics;
using System.Text;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>printf for the language: %s %d %f %e %b %o %x %X and %%, with a precision for %f and %e.</summary>
internal static class TextFormat
{
    private const int MaxPrecision = 100;

    public static CelValue Format(string format, ListValue arguments)
    {
        var text = new StringBuilder();
        var next = 0;
        for (var at = 0; at < format.Length; at++)
        {
            if (format[at] != '%')
            {
                text.Append(format[at]);
                continue;
            }
            at++;
            if (at < format.Length && format[at] == '%')
            {
                text.Append('%');
                continue;
            }
            var precision = ReadPrecision(format, ref at);
            if (at >= format.Length || precision > MaxPrecision)
            {
                return new ErrorValue(precision > MaxPrecision ? $"precision {precision} exceeds maximum allowed precision {MaxPrecision}" : "unexpected end of string");
            }
            if (next >= arguments.Count)
            {
                return new ErrorValue($"index {next} out of range");
            }
            if (Clause(format[at], arguments[next++], precision) is not { } piece)
            {
                return new ErrorValue($"error during formatting: unrecognized formatting clause \"{format[at]}\" or argument of type {arguments[next - 1].Type.Name}");
            }
            text.Append(piece);
        }
        return new StringValue(text.ToString());
    }

    /// <summary>The text in double quotes, with escapes.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"");
        foreach (var character in text)
        {
            quoted.Append(character switch
            {
                '\a' => "\\a",
                '\b' => "\\b",
                '\f' => "\\f",
                '\n' => "\\n",
                '\r' => "\\r",
                '\t' => "\\t",
                '\v' => "\\v",
                '\\' => "\\\\",
                '"' => "\\\"",
                _ => character.ToString(),
            });
        }
        return quoted.Append('"').ToString();
    }

    private static int? ReadPrecision(string format, ref int at)
    {
        if (at >= format.Length || format[at] != '.')
        {
            return null;
        }
        var precision = 0;
        for (at++; at < format.Length && char.IsAsciiDigit(format[at]); at++)
        {
            precision = Math.Min((precision * 10) + (format[at] - '0'), MaxPrecision + 1);
        }
        return precision;
    }

    private static string? Clause(char clause, CelValue value, int? precision) => clause switch
    {
        's' => Show(value, isNested: false),
        'd' => value switch
        {
            IntValue or UintValue => Whole(value)!.Value.ToString(CultureInfo.InvariantCulture),
            DoubleValue { Value: var number } when !double.IsFinite(number) => Special(number),
            _ => null,
        },
        'f' => Real(value) is { } number ? double.IsFinite(number) ? number.ToString($"F{precision ?? 6}", CultureInfo.InvariantCulture) : Special(number) : null,
        'e' => Real(value) is { } number ? double.IsFinite(number) ? Scientific(number, precision ?? 6) : Special(number) : null,
        'b' => value is BoolValue flag ? (flag.Value ? "1" : "0") : Based(value, 2),
        'o' => Based(value, 8),
        'x' => Hexadecimal(value),
        'X' => Hexadecimal(value)?.ToUpperInvariant(),
        _ => null,
    };

    private static string? Show(CelValue value, bool isNested) => value switch
    {
        StringValue text => isNested ? Quote(text.Value) : text.Value,
        NullValue => "null",
        BoolValue flag => flag.Value ? "true" : "false",
        IntValue or UintValue => Whole(value)!.Value.ToString(CultureInfo.InvariantCulture),
        DoubleValue number => isNested && double.IsFinite(number.Value) ? number.Value.ToString("F6", CultureInfo.InvariantCulture) : Special(number.Value) ?? GoNumbers.General(number.Value),
        BytesValue bytes => isNested ? $"b\"{Encoding.UTF8.GetString(bytes.Value)}\"" : Encoding.UTF8.GetString(bytes.Value),
        TimestampValue => isNested ? $"timestamp(\"{value}\")" : value.ToString(),
        DurationValue => isNested ? $"duration(\"{value}\")" : value.ToString(),
        TypeValue type => type.Name,
        ListValue list => All(list.Items(), item => Show(item, isNested: true), "[", "]"),
        MapValue map => All(map.Keys(), key => Show(map.Find(key)!, isNested: true) is { } shown ? $"{Show(key, isNested: true)}:{shown}" : null, "{", "}"),
        _ => null,
    };

    private static string? All(IEnumerable<CelValue> values, Func<CelValue, string?> show, string open, string close)
    {
        var shown = values.Select(show).ToList();
        if (open == "{")
        {
            shown.Sort(StringComparer.Ordinal);
        }
        return shown.Contains(null) ? null : open + string.Join(", ", shown) + close;
    }

    private static BigInteger? Whole(CelValue value) => value switch
    {
        IntValue number => number.Value,
        UintValue number => number.Value,
        _ => null,
    };

    private static double? Real(CelValue value) => value switch
    {
        DoubleValue number => number.Value,
        IntValue number => number.Value,
        UintValue number => number.Value,
        StringValue { Value: "NaN" } => double.NaN,
        StringValue { Value: "Infinity" } => double.PositiveInfinity,
        StringValue { Value: "-Infinity" } => double.NegativeInfinity,
        _ => null,
    };

    private static string? Special(double number) => double.IsNaN(number) ? "NaN"
        : double.IsPositiveInfinity(number) ? "Infinity" : double.IsNegativeInfinity(number) ? "-Infinity" : null;

    private static string Scientific(double number, int precision)
    {
        var text = number.ToString($"e{precision}", CultureInfo.InvariantCulture);
        var mark = text.IndexOf('e', StringComparison.Ordinal);
        return text[..(mark + 2)] + text[(mark + 2)..].TrimStart('0').PadLeft(2, '0');
    }

    private static string? Based(CelValue value, int radix)
    {
        if (Whole(value) is not { } number)
        {
            return null;
        }
        var digits = new StringBuilder();
        for (var rest = BigInteger.Abs(number); rest > 0; rest /= radix)
        {
            digits.Insert(0, "0123456789abcdef"[(int)(rest % radix)]);
        }
        return (number < 0 ? "-" : "") + (digits.Length == 0 ? "0" : digits.ToString());
    }

    private static string? Hexadecimal(CelValue value) => value switch
    {
        StringValue text => Convert.ToHexStringLower(Encoding.UTF8.GetBytes(text.Value)),
        BytesValue bytes => Convert.ToHexStringLower(bytes.Value),
        _ => Based(value, 16),
    };
}
