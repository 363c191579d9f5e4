using Flotilla.Client.Services;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Client.Tests.Services;

public class ServiceSetTests
{
    private readonly FakeTimeProvider time = new();

    [Fact]
    public async Task A_part_that_fails_is_started_again_and_one_that_ends_is_not()
    {
        var failing = new Part(_ => throw new InvalidOperationException("broken"));
        var ending = new Part(_ => Task.CompletedTask);
        await using var set = new ServiceSet(time, NullLogger<ServiceSet>.Instance);
        set.Add(failing);
        set.Add(ending);
        await set.StartAsync(TestContext.Current.CancellationToken);
        await failing.Started(1);
        while (!failing.Started(3).IsCompleted)
        {
            time.Advance(ServiceSet.Pause);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
        await set.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1, ending.Starts);
        var last = failing.Starts;
        time.Advance(ServiceSet.Pause * 3);
        Assert.Equal(last, failing.Starts);
    }

    [Fact]
    public async Task Parts_end_in_the_opposite_order()
    {
        List<string> order = [];
        await using var set = new ServiceSet(time, NullLogger<ServiceSet>.Instance);
        foreach (var name in new[] { "first", "second" })
        {
            var part = new Part(async token =>
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, token).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                order.Add(name);
            });
            await set.StartAsync(part, TestContext.Current.CancellationToken);
            await part.Started(1);
        }
        await set.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(["second", "first"], order);
    }

    private sealed class Part(Func<CancellationToken, Task> run) : BackgroundService
    {
        private readonly TaskCompletionSource[] started = [.. Enumerable.Range(0, 100).Select(_ => new TaskCompletionSource())];
        private int starts;

        public int Starts => starts;

        public Task Started(int times) => started[times].Task;

        protected override async Task ExecuteAsync(CancellationToken stoppingToken)
        {
            started[Math.Min(Interlocked.Increment(ref starts), started.Length - 1)].TrySetResult();
            await run(stoppingToken);
        }
    }
}
