namespace Flotilla.Cel.Costs;

/// <summary>The least and the most something can be: a size in elements or a cost in units. Sums and products saturate.</summary>
public readonly record struct CostRange(ulong Min, ulong Max)
{
    internal static readonly CostRange Unknown = new(0, ulong.MaxValue);

    internal static CostRange Exactly(ulong value) => new(value, value);

    internal CostRange Add(CostRange other) => new(Saturating.Add(Min, other.Min), Saturating.Add(Max, other.Max));

    internal CostRange Multiply(CostRange other) =>
        new(Saturating.Multiply(Min, other.Min), Saturating.Multiply(Max, other.Max));

    internal CostRange Scale(double factor) => new(Saturating.Scale(Min, factor), Saturating.Scale(Max, factor));

    internal CostRange Union(CostRange other) => new(Math.Min(Min, other.Min), Math.Max(Max, other.Max));
}

internal static class Saturating
{
    private const double TwoTo64 = 18446744073709551616.0;

    public static ulong Add(ulong left, ulong right) => left > ulong.MaxValue - right ? ulong.MaxValue : left + right;

    public static ulong Multiply(ulong left, ulong right) =>
        right != 0 && left > ulong.MaxValue / right ? ulong.MaxValue : left * right;

    /// <summary>Rounded up.</summary>
    public static ulong Scale(ulong value, double factor) =>
        Math.Ceiling(value * factor) is var scaled && scaled >= TwoTo64 ? ulong.MaxValue : (ulong)scaled;
}
