using Flotilla.Cel.Types;

namespace Flotilla.Cel.Values;

/// <summary>A value that may be absent.</summary>
public sealed class OptionalValue : CelValue
{
    public static readonly OptionalValue None = new(null);

    private static readonly CelType OfAny = CelType.Optional(CelType.Dyn);

    private OptionalValue(CelValue? value) => Value = value;

    public CelValue? Value { get; }

    public override CelType Type => OfAny;

    public static OptionalValue Of(CelValue value) => new(value);

    internal static CelValue OfNonZero(CelValue value) => IsZero(value) ? None : Of(value);

    internal override bool IsEqualTo(CelValue other) => other is OptionalValue optional
        && (Value is null ? optional.Value is null : optional.Value is not null && Value.IsEqualTo(optional.Value));

    private static bool IsZero(CelValue value) => value switch
    {
        NullValue or OptionalValue { Value: null } => true,
        BoolValue flag => !flag.Value,
        IntValue number => number.Value == 0,
        UintValue number => number.Value == 0,
        DoubleValue number => number.Value == 0,
        DurationValue span => span.Nanoseconds == 0,
        TimestampValue time => time.Seconds == TimestampValue.MinSeconds && time.Nanoseconds == 0,
        _ => value.Size == 0,
    };
}
