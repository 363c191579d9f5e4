using Flotilla.Engine.Streams;

namespace Flotilla.Engine.Tests.Streams;

public sealed class BroadcastTests
{
    private static readonly Frame Piece = new(Frame.Output, "x"u8.ToArray());

    [Fact]
    public async Task All_who_listen_get_what_comes_and_the_end()
    {
        var output = new Broadcast();
        var (one, other) = (output.Listen(), output.Listen());
        await output.SendAsync(Piece, CancellationToken.None);
        output.Complete();
        foreach (var listener in new[] { one, other })
        {
            Assert.Equal([Piece], await listener.Reader.ReadAllAsync().ToListAsync());
        }
    }

    [Fact]
    public async Task A_slow_listener_holds_the_process_up_and_one_that_goes_lets_it_go_on()
    {
        var output = new Broadcast();
        var slow = output.Listen();
        var sending = Task.Run(async () =>
        {
            for (var sent = 0; sent < 100; sent++)
            {
                await output.SendAsync(Piece, CancellationToken.None);
            }
        });
        await Task.WhenAny(sending, Task.Delay(100));
        Assert.False(sending.IsCompleted);
        output.Forget(slow);
        await sending.WaitAsync(TimeSpan.FromSeconds(10));
    }
}
