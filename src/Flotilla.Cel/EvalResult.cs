using Flotilla.Cel.Values;

namespace Flotilla.Cel;

/// <summary>A value or an error in upstream's words, and what it has cost either way.</summary>
public sealed record EvalResult(CelValue? Value, string? Error, ulong Cost)
{
    public const string CostExceeded = "operation cancelled: actual cost limit exceeded";

    public bool IsCostExceeded => ReferenceEquals(Error, CostExceeded);

    public bool IsTrue => Value is BoolValue { Value: true };
}
