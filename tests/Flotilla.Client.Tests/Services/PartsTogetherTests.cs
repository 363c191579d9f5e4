using Flotilla.Client.Services;
using Microsoft.Extensions.Hosting;

namespace Flotilla.Client.Tests.Services;

public class PartsTogetherTests
{
    [Fact]
    public async Task A_fault_of_one_ends_all_and_is_told()
    {
        var lasting = new Part(token => Task.Delay(Timeout.InfiniteTimeSpan, token));
        var failing = new Part(async token =>
        {
            await lasting.Started.Task.WaitAsync(token);
            throw new InvalidOperationException("broken");
        });
        var fault = await Assert.ThrowsAsync<InvalidOperationException>(() => new BackgroundService[] { lasting, failing }.RunTogetherAsync(TestContext.Current.CancellationToken));
        Assert.Equal("broken", fault.Message);
        Assert.True(lasting.ExecuteTask!.IsCompleted);
    }

    private sealed class Part(Func<CancellationToken, Task> run) : BackgroundService
    {
        public TaskCompletionSource Started { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        protected override Task ExecuteAsync(CancellationToken stoppingToken)
        {
            Started.TrySetResult();
            return run(stoppingToken);
        }
    }
}
