using System.Diagnostics;

namespace Flotilla.Bench;

internal static class Clients
{
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
