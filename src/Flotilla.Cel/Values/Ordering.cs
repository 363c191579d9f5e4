namespace Flotilla.Cel.Values;

/// <summary>Order between values; numbers compare across their types without loss.</summary>
internal static class Ordering
{
    /// <summary>Negative, zero or positive; null when the two have no order (other types, or a NaN).</summary>
    public static int? Compare(CelValue left, CelValue right) => (left, right) switch
    {
        (IntValue a, IntValue b) => a.Value.CompareTo(b.Value),
        (UintValue a, UintValue b) => a.Value.CompareTo(b.Value),
        (DoubleValue a, DoubleValue b) => OfDoubles(a.Value, b.Value),
        (IntValue a, UintValue b) => a.Value < 0 ? -1 : ((ulong)a.Value).CompareTo(b.Value),
        (UintValue a, IntValue b) => b.Value < 0 ? 1 : a.Value.CompareTo((ulong)b.Value),
        (IntValue a, DoubleValue b) => WithDouble(a.Value, b.Value),
        (DoubleValue a, IntValue b) => -WithDouble(b.Value, a.Value),
        (UintValue a, DoubleValue b) => WithDouble(a.Value, b.Value),
        (DoubleValue a, UintValue b) => -WithDouble(b.Value, a.Value),
        (StringValue a, StringValue b) => OfStrings(a.Value, b.Value),
        (BytesValue a, BytesValue b) => a.Value.SequenceCompareTo(b.Value),
        (BoolValue a, BoolValue b) => a.Value.CompareTo(b.Value),
        (TimestampValue a, TimestampValue b) => a.Total.CompareTo(b.Total),
        (DurationValue a, DurationValue b) => a.Nanoseconds.CompareTo(b.Nanoseconds),
        _ => null,
    };

    public static bool IsNotANumber(CelValue value) => value is DoubleValue { Value: double.NaN };

    private static int? OfDoubles(double left, double right) =>
        double.IsNaN(left) || double.IsNaN(right) ? null : left.CompareTo(right);

    private static int? WithDouble(Int128 whole, double number)
    {
        if (double.IsNaN(number))
        {
            return null;
        }
        if (Math.Abs(number) >= 1e30)
        {
            return number > 0 ? -1 : 1;
        }
        var floor = Math.Floor(number);
        var order = whole.CompareTo((Int128)floor);
        return order != 0 ? order : number > floor ? -1 : 0;
    }

    /// <summary>By code point, which is the order of UTF-8 bytes, not that of UTF-16 units.</summary>
    private static int OfStrings(string left, string right)
    {
        var shared = left.AsSpan().CommonPrefixLength(right);
        if (shared == left.Length || shared == right.Length)
        {
            return left.Length.CompareTo(right.Length);
        }
        var (a, b) = (left[shared], right[shared]);
        return char.IsSurrogate(a) != char.IsSurrogate(b) ? (char.IsSurrogate(a) ? 1 : -1) : a.CompareTo(b);
    }
}
