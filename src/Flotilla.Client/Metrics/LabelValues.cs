namespace Flotilla.Client.Metrics;

/// <summary>What tells the series of one family apart, in the order of the family's label names.</summary>
public readonly record struct LabelValues(string First, string Second = "", string Third = "")
{
    internal (string Name, string Value)[] Named(IReadOnlyList<string> names)
    {
        string[] values = [First, Second, Third];
        return [.. names.Zip(values)];
    }
}
