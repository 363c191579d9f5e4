using Flotilla.Node.Pods;

namespace Flotilla.Node.Tests.Pods;

public sealed class WaitingTests
{
    [Fact]
    public async Task What_a_pod_may_ask_for_is_a_time_that_can_be_waited()
    {
        using var cancel = new CancellationTokenSource();
        var waiting = Task.Delay(Waiting.Bounded(TimeSpan.FromSeconds(int.MaxValue)), cancel.Token);
        Assert.False(waiting.IsCompleted);
        await cancel.CancelAsync();
        await Assert.ThrowsAsync<TaskCanceledException>(() => waiting);
        Assert.Equal(TimeSpan.FromSeconds(3), Waiting.Bounded(TimeSpan.FromSeconds(3)));
    }
}
