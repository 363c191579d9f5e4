namespace Flotilla.Bench;

/// <summary>One line of the table.</summary>
internal sealed record Figure(string What, double Value, string Unit)
{
    public override string ToString() => $"| {What} | {(Value >= 100 ? Value.ToString("N0", null) : Value.ToString("0.00", null))} {Unit} |";
}
