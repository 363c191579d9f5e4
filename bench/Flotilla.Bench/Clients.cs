using System.Diagnostics;

namespace Flotilla.Bench;

internal static class Clients
{
    /// <summary>Processor time of the server so far, where it is known.</summary>
    public static Func<TimeSpan>? ServerTime { get; set; }

    /// <summary>A figure per second, with what one item cost the server if that is known.</summary>
    public static async Task<Figure> MeasureAsync(string what, string unit, int clients, int count, Func<int, Task> act)
    {
        var spent = new Spending();
        var rate = await RateAsync(clients, count, act);
        return spent.On(new Figure(what, rate, unit), count);
    }

    /// <summary>Does items 0..count-1 with so many clients, each one request at a time. Returns items per second.</summary>
    public static async Task<double> RateAsync(int clients, int count, Func<int, Task> act)
    {
        var next = -1;
        var watch = Stopwatch.StartNew();
        await Task.WhenAll(Enumerable.Range(0, clients).Select(_ => Task.Run(async () =>
        {
            for (int item; (item = Interlocked.Increment(ref next)) < count;)
            {
                await act(item);
            }
        })));
        return count / watch.Elapsed.TotalSeconds;
    }
}
