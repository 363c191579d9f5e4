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

    /// <summary>Processor time of this program for one item: its clients and, where it has some, its simulated nodes.</summary>
    public double? OwnMicroseconds { get; init; }

    public override string ToString()
    {
        var cost = ServerMicroseconds is { } each ? $" ({each:N0} µs of the server's processors each, {OwnMicroseconds:N0} of the bench's)" : "";
        return $"| {What} | {(Value >= 100 ? Value.ToString("N0", null) : Value.ToString("0.00", null))} {Unit}{cost} |";
    }
}
