using System.Globalization;
using System.Text;
using Flotilla.Cel.Checking;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>Functions named like types, and <c>type</c> itself.</summary>
internal static class Conversions
{
    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    public static void AddTo(FunctionTable table)
    {
        AddNumbers(table);
        AddTexts(table);
        AddTimes(table);
        Convert(table, "bool", CelType.Bool, CelType.Bool, "bool_to_bool", value => value);
        Convert(table, "bool", CelType.String, CelType.Bool, "string_to_bool", ToBool);
        table.Function("dyn", "to_dyn", [CelType.Parameter("A")], CelType.Dyn, values => values[0]);
        table.Function("type", "type", [CelType.Parameter("A")], CelType.TypeOf(CelType.Parameter("A")), values => new TypeValue(values[0].Type));
    }

    private static void Convert(FunctionTable table, string name, CelType from, CelType to, string id, Func<CelValue, CelValue?> convert) =>
        table.Function(name, id, [from], to, values => convert(values[0])
            ?? new ErrorValue($"type conversion error from '{from.Name}' to '{to.Name}'"));

    private static void AddNumbers(FunctionTable table)
    {
        foreach (var (from, prefix) in (IEnumerable<(CelType, string)>)[(CelType.Int, "int64"), (CelType.Uint, "uint64"), (CelType.Double, "double"), (CelType.String, "string")])
        {
            Convert(table, "int", from, CelType.Int, prefix + "_to_int64", ToInt);
            Convert(table, "uint", from, CelType.Uint, prefix + "_to_uint64", ToUint);
            Convert(table, "double", from, CelType.Double, prefix + "_to_double", ToDouble);
        }
        Convert(table, "int", CelType.Timestamp, CelType.Int, "timestamp_to_int64", value => new IntValue(((TimestampValue)value).Seconds));
        Convert(table, "int", CelType.Duration, CelType.Int, "duration_to_int64", value => new IntValue(((DurationValue)value).Nanoseconds));
    }

    private static void AddTexts(FunctionTable table)
    {
        foreach (var (from, prefix) in (IEnumerable<(CelType, string)>)[(CelType.String, "string"), (CelType.Bool, "bool"), (CelType.Int, "int64"), (CelType.Uint, "uint64"), (CelType.Double, "double"), (CelType.Bytes, "bytes"), (CelType.Timestamp, "timestamp"), (CelType.Duration, "duration")])
        {
            Convert(table, "string", from, CelType.String, prefix + "_to_string", ToText);
        }
        Convert(table, "bytes", CelType.Bytes, CelType.Bytes, "bytes_to_bytes", value => value);
        Convert(table, "bytes", CelType.String, CelType.Bytes, "string_to_bytes", value => new BytesValue(Encoding.UTF8.GetBytes(((StringValue)value).Value)));
    }

    private static void AddTimes(FunctionTable table)
    {
        Convert(table, "timestamp", CelType.Timestamp, CelType.Timestamp, "timestamp_to_timestamp", value => value);
        Convert(table, "timestamp", CelType.String, CelType.Timestamp, "string_to_timestamp", value => Timestamps.Parse(((StringValue)value).Value));
        Convert(table, "timestamp", CelType.Int, CelType.Timestamp, "int64_to_timestamp", value => TimestampValue.From((Int128)((IntValue)value).Value * 1_000_000_000));
        Convert(table, "duration", CelType.Duration, CelType.Duration, "duration_to_duration", value => value);
        Convert(table, "duration", CelType.Int, CelType.Duration, "int64_to_duration", value => new DurationValue(((IntValue)value).Value));
        Convert(table, "duration", CelType.String, CelType.Duration, "string_to_duration",
            value => Durations.TryParse(((StringValue)value).Value, out var span) ? new DurationValue(span) : null);
    }

    private static CelValue? ToInt(CelValue value) => value switch
    {
        IntValue => value,
        UintValue number => Arithmetic.Int(number.Value, ""),
        DoubleValue { Value: > -9223372036854775808.0 and < 9223372036854775808.0 } number => new IntValue((long)number.Value),
        DoubleValue => new ErrorValue("integer overflow"),
        StringValue text => long.TryParse(text.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var parsed) ? new IntValue(parsed) : null,
        _ => null,
    };

    private static CelValue? ToUint(CelValue value) => value switch
    {
        UintValue => value,
        IntValue number => number.Value < 0 ? new ErrorValue("unsigned integer overflow") : new UintValue((ulong)number.Value),
        DoubleValue { Value: > -1 and < 18446744073709551616.0 } number => number.Value < 0 ? new ErrorValue("unsigned integer overflow") : new UintValue((ulong)number.Value),
        DoubleValue => new ErrorValue("unsigned integer overflow"),
        StringValue text => ulong.TryParse(text.Value, NumberStyles.None, CultureInfo.InvariantCulture, out var parsed) ? new UintValue(parsed) : null,
        _ => null,
    };

    private static DoubleValue? ToDouble(CelValue value) => value switch
    {
        DoubleValue number => number,
        IntValue number => new DoubleValue(number.Value),
        UintValue number => new DoubleValue(number.Value),
        StringValue text => GoNumbers.TryDouble(text.Value, out var parsed) ? new DoubleValue(parsed) : null,
        _ => null,
    };

    private static CelValue? ToText(CelValue value) => value switch
    {
        StringValue => value,
        BoolValue flag => new StringValue(flag.Value ? "true" : "false"),
        IntValue number => new StringValue(number.Value.ToString(CultureInfo.InvariantCulture)),
        UintValue number => new StringValue(number.Value.ToString(CultureInfo.InvariantCulture)),
        DoubleValue number => new StringValue(GoNumbers.General(number.Value)),
        BytesValue bytes => FromUtf8(bytes),
        TimestampValue or DurationValue => new StringValue(value.ToString()!),
        _ => null,
    };

    private static CelValue FromUtf8(BytesValue bytes)
    {
        try
        {
            return new StringValue(Strict.GetString(bytes.Value));
        }
        catch (DecoderFallbackException)
        {
            return new ErrorValue("invalid UTF-8 in bytes, cannot convert to string");
        }
    }

    private static BoolValue? ToBool(CelValue value) => ((StringValue)value).Value switch
    {
        "1" or "t" or "T" or "true" or "TRUE" or "True" => BoolValue.True,
        "0" or "f" or "F" or "false" or "FALSE" or "False" => BoolValue.False,
        _ => null,
    };
}
