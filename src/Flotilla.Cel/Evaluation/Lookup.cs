using Flotilla.Cel.Values;

namespace Flotilla.Cel.Evaluation;

/// <summary>Reading one element of a list or map.</summary>
internal static class Lookup
{
    /// <summary>The element; null when there is none; an error when the key cannot be one.</summary>
    public static CelValue? Find(CelValue operand, CelValue key) => operand switch
    {
        MapValue map => key is StringValue or IntValue or UintValue or DoubleValue or BoolValue ? map.Find(key)
            : new ErrorValue($"unsupported key type: {key.Type.Name}"),
        ListValue list => Index(key) switch
        {
            null => new ErrorValue(key is DoubleValue or UintValue
                ? $"unsupported index value {Describe(key)} in list" : $"unsupported index type '{key.Type.Name}' in list"),
            { } index => index >= 0 && index < list.Count ? list[(int)index] : null,
        },
        _ => ErrorValue.NoSuchOverload,
    };

    public static ErrorValue Absent(CelValue operand, CelValue key) => operand is ListValue
        ? new ErrorValue($"index out of bounds: {Describe(key)}") : new ErrorValue($"no such key: {Describe(key)}");

    private static long? Index(CelValue key) => key switch
    {
        IntValue number => number.Value,
        UintValue { Value: <= long.MaxValue } number => (long)number.Value,
        DoubleValue number when Math.Floor(number.Value) == number.Value && Math.Abs(number.Value) < 1e15 => (long)number.Value,
        _ => null,
    };

    private static string Describe(CelValue key) => key switch
    {
        StringValue text => text.Value,
        IntValue number => FormattableString.Invariant($"{number.Value}"),
        UintValue number => FormattableString.Invariant($"{number.Value}"),
        DoubleValue number => GoNumbers.General(number.Value),
        BoolValue flag => flag.Value ? "true" : "false",
        _ => key.Type.Name,
    };
}
