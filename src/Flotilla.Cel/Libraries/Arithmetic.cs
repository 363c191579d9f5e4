using Flotilla.Cel.Checking;
using Flotilla.Cel.Syntax;
using Flotilla.Cel.Types;
using Flotilla.Cel.Values;

namespace Flotilla.Cel.Libraries;

/// <summary>+ - * / % and negation. Whatever leaves its range is an error, never a wrapped number.</summary>
internal static class Arithmetic
{
    private static readonly CelType Item = CelType.Parameter("A");

    public static void AddTo(FunctionTable table)
    {
        Number(table, Operators.Add, "add", (a, b) => a + b, (a, b) => a + b);
        Number(table, Operators.Subtract, "subtract", (a, b) => a - b, (a, b) => a - b);
        Number(table, Operators.Multiply, "multiply", (a, b) => a * b, (a, b) => a * b);
        Number(table, Operators.Divide, "divide", (a, b) => b == 0 ? null : a / b, (a, b) => a / b);
        Whole(table, Operators.Modulo, "modulo", (a, b) => b == 0 ? null : a % b, "modulus by zero");
        table.Function(Operators.Negate, "negate_int64", [CelType.Int], CelType.Int, values => Int(-(Int128)Long(values[0]), ""));
        table.Function(Operators.Negate, "negate_double", [CelType.Double], CelType.Double, values => new DoubleValue(-Real(values[0])));
        AddJoins(table);
        AddTimes(table);
    }

    internal static CelValue Int(Int128? value, string onNothing) =>
        value is not { } whole ? new ErrorValue(onNothing)
        : whole < long.MinValue || whole > long.MaxValue ? new ErrorValue("integer overflow")
        : new IntValue((long)whole);

    private static void Number(
        FunctionTable table, string name, string id, Func<Int128, Int128, Int128?> whole, Func<double, double, double> real)
    {
        Whole(table, name, id, whole, "division by zero");
        table.Function(name, id + "_double", [CelType.Double, CelType.Double], CelType.Double,
            values => new DoubleValue(real(Real(values[0]), Real(values[1]))));
    }

    private static void Whole(FunctionTable table, string name, string id, Func<Int128, Int128, Int128?> whole, string onZero)
    {
        table.Function(name, id + "_int64", [CelType.Int, CelType.Int], CelType.Int,
            values => Int(whole(Long(values[0]), Long(values[1])), onZero));
        table.Function(name, id + "_uint64", [CelType.Uint, CelType.Uint], CelType.Uint,
            values => Uint(whole(((UintValue)values[0]).Value, ((UintValue)values[1]).Value), onZero));
    }

    private static void AddJoins(FunctionTable table)
    {
        table.Function(Operators.Add, "add_string", [CelType.String, CelType.String], CelType.String,
            values => new StringValue(((StringValue)values[0]).Value + ((StringValue)values[1]).Value));
        table.Function(Operators.Add, "add_bytes", [CelType.Bytes, CelType.Bytes], CelType.Bytes,
            values => new BytesValue([.. ((BytesValue)values[0]).Value, .. ((BytesValue)values[1]).Value]));
        table.Function(Operators.Add, "add_list", [CelType.List(Item), CelType.List(Item)], CelType.List(Item),
            values => ((ListValue)values[0]).Concat((ListValue)values[1]));
    }

    private static void AddTimes(FunctionTable table)
    {
        CelType time = CelType.Timestamp, span = CelType.Duration;
        table.Function(Operators.Add, "add_duration_duration", [span, span], span, values => Span(Nanos(values[0]) + Nanos(values[1])));
        table.Function(Operators.Add, "add_duration_timestamp", [span, time], time, values => TimestampValue.From(Nanos(values[0]) + Instant(values[1])));
        table.Function(Operators.Add, "add_timestamp_duration", [time, span], time, values => TimestampValue.From(Instant(values[0]) + Nanos(values[1])));
        table.Function(Operators.Subtract, "subtract_duration_duration", [span, span], span, values => Span(Nanos(values[0]) - Nanos(values[1])));
        table.Function(Operators.Subtract, "subtract_timestamp_duration", [time, span], time, values => TimestampValue.From(Instant(values[0]) - Nanos(values[1])));
        table.Function(Operators.Subtract, "subtract_timestamp_timestamp", [time, time], span, values => Span(Instant(values[0]) - Instant(values[1])));
    }

    private static CelValue Span(Int128 nanoseconds) => nanoseconds < long.MinValue || nanoseconds > long.MaxValue
        ? new ErrorValue("duration overflow") : new DurationValue((long)nanoseconds);

    private static CelValue Uint(Int128? value, string onNothing) =>
        value is not { } whole ? new ErrorValue(onNothing)
        : whole < 0 || whole > ulong.MaxValue ? new ErrorValue("unsigned integer overflow")
        : new UintValue((ulong)whole);

    private static long Long(CelValue value) => ((IntValue)value).Value;

    private static double Real(CelValue value) => ((DoubleValue)value).Value;

    private static Int128 Nanos(CelValue value) => ((DurationValue)value).Nanoseconds;

    private static Int128 Instant(CelValue value) => ((TimestampValue)value).Total;
}
