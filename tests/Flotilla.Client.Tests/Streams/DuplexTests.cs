using System.IO.Pipelines;
using Flotilla.Client.Streams;

namespace Flotilla.Client.Tests.Streams;

public sealed class DuplexTests
{
    [Fact]
    public async Task It_is_closed_when_the_read_under_way_has_ended_and_the_streams_are_free_for_another()
    {
        var (down, up) = (new Pipe(), new Pipe());
        var closed = 0;
        var connection = new Duplex(down.Reader.AsStream(), up.Writer.AsStream(), () => closed++);
        var reading = connection.ReadAsync(new byte[10]).AsTask();
        Assert.False(reading.IsCompleted);

        await connection.DisposeAsync();
        await Assert.ThrowsAsync<ObjectDisposedException>(() => reading);
        Assert.Equal(1, closed);

        // The next request's reader would be told that reading is already in progress.
        await down.Writer.WriteAsync("next"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(4, await down.Reader.AsStream().ReadAsync(new byte[10], TestContext.Current.CancellationToken));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connection.ReadAsync(new byte[10]).AsTask());
        await Assert.ThrowsAsync<ObjectDisposedException>(() => connection.WriteAsync(new byte[10]).AsTask());
        await connection.DisposeAsync();
        Assert.Equal(1, closed);
    }

    [Fact]
    public async Task Who_gives_up_a_read_may_read_again()
    {
        var (down, up) = (new Pipe(), new Pipe());
        await using var connection = new Duplex(down.Reader.AsStream(), up.Writer.AsStream());
        using var over = new CancellationTokenSource();
        var reading = connection.ReadAsync(new byte[10], over.Token).AsTask();
        await over.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => reading);
        await down.Writer.WriteAsync("next"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.Equal(4, await connection.ReadAsync(new byte[10], TestContext.Current.CancellationToken));
    }
}
