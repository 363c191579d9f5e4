using Microsoft.Extensions.Time.Testing;

namespace Flotilla.Client.Tests.Queues;

public sealed class WorkQueueTests : IDisposable
{
    private readonly FakeTimeProvider time = new();
    private readonly WorkQueue<string> queue;

    public WorkQueueTests() => queue = new WorkQueue<string>(time);

    [Fact]
    public async Task A_key_added_twice_is_handed_out_once()
    {
        queue.Add("a");
        queue.Add("b");
        queue.Add("a");

        Assert.Equal("a", await NextAsync());
        Assert.Equal("b", await NextAsync());
        Assert.Equal(0, queue.Count);
    }

    [Fact]
    public async Task A_key_added_while_it_is_worked_on_comes_back_only_after_done()
    {
        queue.Add("a");
        var key = await NextAsync();
        queue.Add("a");
        Assert.Equal(0, queue.Count);

        queue.Done(key);
        Assert.Equal("a", await NextAsync());
    }

    [Fact]
    public async Task A_key_may_be_due_in_years()
    {
        queue.AddAfter("yearly", TimeSpan.FromDays(366));
        for (var day = 0; day < 366; day++)
        {
            Assert.Equal(0, queue.Count);
            time.Advance(TimeSpan.FromDays(1));
        }

        Assert.Equal("yearly", await NextAsync());
    }

    [Fact]
    public async Task A_delayed_key_comes_when_it_is_due_and_not_before()
    {
        queue.AddAfter("late", TimeSpan.FromSeconds(10));
        queue.AddAfter("soon", TimeSpan.FromSeconds(1));
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.Equal(0, queue.Count);

        time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal("soon", await NextAsync());
        time.Advance(TimeSpan.FromSeconds(9));
        Assert.Equal("late", await NextAsync());
    }

    [Fact]
    public void Of_several_delays_the_shortest_holds_and_the_key_comes_once()
    {
        queue.AddAfter("a", TimeSpan.FromSeconds(10));
        queue.AddAfter("a", TimeSpan.FromSeconds(1));
        queue.AddAfter("a", TimeSpan.FromSeconds(5));
        time.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(1, queue.Count);
    }

    [Fact]
    public void Failures_double_the_delay_up_to_a_thousand_seconds()
    {
        queue.AddRateLimited("a");
        time.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal(1, queue.Count);

        for (var failure = 0; failure < 40; failure++)
        {
            queue.AddRateLimited("b");
        }

        queue.Forget("b");
        Assert.Equal(0, queue.Failures("b"));
        for (var failure = 0; failure < 40; failure++)
        {
            queue.AddRateLimited("c");
        }

        time.Advance(TimeSpan.FromSeconds(1000));
        Assert.Equal(3, queue.Count);
    }

    [Fact]
    public async Task Waiting_for_a_key_can_be_cancelled()
    {
        using var cancel = new CancellationTokenSource();
        var waiting = queue.GetAsync(cancel.Token).AsTask();
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
    }

    public void Dispose() => queue.Dispose();

    private ValueTask<string> NextAsync() => queue.GetAsync(TestContext.Current.CancellationToken);
}
