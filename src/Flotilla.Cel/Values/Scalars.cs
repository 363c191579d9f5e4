using System.Globalization;
using Flotilla.Cel.Types;

namespace Flotilla.Cel.Values;

public sealed class NullValue : CelValue
{
    public static readonly NullValue Instance = new();

    private NullValue()
    {
    }

    public override CelType Type => CelType.Null;

    internal override bool IsEqualTo(CelValue other) => other is NullValue;
}

public sealed class BoolValue : CelValue
{
    public static readonly BoolValue True = new(true);
    public static readonly BoolValue False = new(false);

    private BoolValue(bool value) => Value = value;

    public bool Value { get; }

    public override CelType Type => CelType.Bool;

    public static BoolValue Of(bool value) => value ? True : False;

    internal override bool IsEqualTo(CelValue other) => ReferenceEquals(this, other);
}

public sealed class IntValue(long value) : CelValue
{
    public long Value => value;

    public override CelType Type => CelType.Int;

    internal override bool IsEqualTo(CelValue other) => Ordering.Compare(this, other) == 0;
}

public sealed class UintValue(ulong value) : CelValue
{
    public ulong Value => value;

    public override CelType Type => CelType.Uint;

    internal override bool IsEqualTo(CelValue other) => Ordering.Compare(this, other) == 0;
}

public sealed class DoubleValue(double value) : CelValue
{
    public double Value => value;

    public override CelType Type => CelType.Double;

    internal override bool IsEqualTo(CelValue other) => Ordering.Compare(this, other) == 0;
}

public sealed class StringValue(string value) : CelValue
{
    private int size = -1;

    public string Value => value;

    public override CelType Type => CelType.String;

    /// <summary>Code points, not UTF-16 units.</summary>
    internal override long? Size => size >= 0 ? size : size = CodePoints.Count(value);

    internal override bool IsEqualTo(CelValue other) =>
        other is StringValue text && string.Equals(value, text.Value, StringComparison.Ordinal);
}

public sealed class BytesValue(byte[] value) : CelValue
{
    public ReadOnlySpan<byte> Value => value;

    public override CelType Type => CelType.Bytes;

    internal override long? Size => value.Length;

    internal override bool IsEqualTo(CelValue other) => other is BytesValue bytes && Value.SequenceEqual(bytes.Value);
}

/// <summary>A type as a value: what <c>type(x)</c> answers.</summary>
public sealed class TypeValue(CelType named) : CelValue
{
    public CelType Named => named;

    public override CelType Type => CelType.Type;

    internal override bool IsEqualTo(CelValue other) =>
        other is TypeValue type && string.Equals(Name, type.Name, StringComparison.Ordinal);

    internal string Name => named.Name;
}

/// <summary>A span of time in nanoseconds, as Go's time.Duration.</summary>
public sealed class DurationValue(long nanoseconds) : CelValue
{
    public long Nanoseconds => nanoseconds;

    public override CelType Type => CelType.Duration;

    internal override bool IsEqualTo(CelValue other) => other is DurationValue span && span.Nanoseconds == nanoseconds;

    public override string ToString() => GoNumbers.Plain(nanoseconds / 1e9) + "s";
}

/// <summary>An instant between the years 1 and 9999, in seconds since 1970 and nanoseconds.</summary>
public sealed class TimestampValue(long seconds, int nanoseconds) : CelValue
{
    internal const long MinSeconds = -62135596800;
    internal const long MaxSeconds = 253402300799;

    public long Seconds => seconds;

    public int Nanoseconds => nanoseconds;

    public override CelType Type => CelType.Timestamp;

    internal Int128 Total => ((Int128)seconds * 1_000_000_000) + nanoseconds;

    internal static CelValue From(Int128 total)
    {
        var seconds = (long)(total / 1_000_000_000);
        var rest = (int)(total % 1_000_000_000);
        (seconds, rest) = rest < 0 ? (seconds - 1, rest + 1_000_000_000) : (seconds, rest);
        return seconds is < MinSeconds or > MaxSeconds ? new ErrorValue("timestamp overflow") : new TimestampValue(seconds, rest);
    }

    internal override bool IsEqualTo(CelValue other) => other is TimestampValue time && time.Total == Total;

    public override string ToString()
    {
        var text = DateTimeOffset.FromUnixTimeSeconds(seconds).ToString("yyyy-MM-ddTHH:mm:ss", CultureInfo.InvariantCulture);
        var fraction = nanoseconds == 0 ? "" : "." + nanoseconds.ToString("D9", CultureInfo.InvariantCulture).TrimEnd('0');
        return text + fraction + "Z";
    }
}
