namespace Flotilla.Bench;

/// <summary>One line of the table.</summary>
internal sealed record Figure(string What, double Value, string Unit)
{
    public static async Task PrintAsync(IAsyncEnumerable<Figure> figures)
    {
        await foreach (var figure in figures)
        {
            Console.WriteLine(figure);
        }
    }

    /// <summary>Processor time of the server for one item.</summary>
    public double? ServerMicroseconds { get; init; }

    public override string ToString()
    {
        var cost = ServerMicroseconds is { } each ? $" ({each:N0} µs of the server's processors each)" : "";
        return $"| {What} | {(Value >= 100 ? Value.ToString("N0", null) : Value.ToString("0.00", null))} {Unit}{cost} |";
    }
}
