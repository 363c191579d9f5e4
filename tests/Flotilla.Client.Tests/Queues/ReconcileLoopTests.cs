using Flotilla.Api;
using Microsoft.Extensions.Logging.Abstractions;

namespace Flotilla.Client.Tests.Queues;

public sealed class ReconcileLoopTests
{
    [Fact]
    public async Task A_key_that_fails_is_tried_again_until_it_succeeds()
    {
        using var queue = new WorkQueue<ObjectKey>(TimeProvider.System);
        var attempts = 0;
        var done = new TaskCompletionSource();
        using var loop = new ReconcileLoop(
            "test",
            queue,
            workers: 2,
            (_, _) =>
            {
                if (++attempts < 3)
                {
                    throw new InvalidOperationException("not yet");
                }

                done.SetResult();
                return Task.CompletedTask;
            },
            NullLogger.Instance);
        queue.Add(new ObjectKey("ns", "name"));
        await loop.StartAsync(CancellationToken.None);
        await done.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await loop.StopAsync(CancellationToken.None);

        Assert.Equal(3, attempts);
        Assert.Equal(0, queue.Failures(new ObjectKey("ns", "name")));
    }

    [Fact]
    public async Task Nothing_is_reconciled_before_the_caches_are_ready()
    {
        using var queue = new WorkQueue<ObjectKey>(TimeProvider.System);
        var ready = new TaskCompletionSource();
        var done = new TaskCompletionSource();
        using var loop = new ReconcileLoop(
            "test",
            queue,
            workers: 1,
            (_, _) =>
            {
                Assert.True(ready.Task.IsCompleted);
                done.SetResult();
                return Task.CompletedTask;
            },
            NullLogger.Instance,
            cancellationToken => ready.Task.WaitAsync(cancellationToken));
        queue.Add(new ObjectKey("ns", "name"));
        await loop.StartAsync(CancellationToken.None);
        ready.SetResult();
        await done.Task.WaitAsync(TimeSpan.FromSeconds(10));
        await loop.StopAsync(CancellationToken.None);
    }
}
