using System.IO.Pipelines;
using System.Net.WebSockets;
using System.Text;
using Flotilla.Client.Streams;

namespace Flotilla.Client.Tests.Streams;

public sealed class HalfClosingSocketTests
{
    [Fact]
    public async Task One_side_may_end_and_still_read_what_the_other_says()
    {
        var (there, back) = (new Pipe(), new Pipe());
        using var first = WebSocket.CreateFromStream(new Duplex(back.Reader.AsStream(), there.Writer.AsStream()), new WebSocketCreationOptions { IsServer = false });
        using var second = WebSocket.CreateFromStream(new Duplex(there.Reader.AsStream(), back.Writer.AsStream()), new WebSocketCreationOptions { IsServer = true });
        await using var asking = new HalfClosingSocket(first);
        await using var answering = new HalfClosingSocket(second);
        await asking.WriteAsync("question"u8.ToArray(), TestContext.Current.CancellationToken);
        await asking.EndAsync(TestContext.Current.CancellationToken);
        Assert.Equal("question", await ReadAsync(answering));
        await answering.WriteAsync("answer"u8.ToArray(), TestContext.Current.CancellationToken);
        await answering.EndAsync(TestContext.Current.CancellationToken);
        Assert.Equal("answer", await ReadAsync(asking));
    }

    private static async Task<string> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        await stream.CopyToAsync(all, TestContext.Current.CancellationToken);
        return Encoding.UTF8.GetString(all.ToArray());
    }
}
