using System.IO.Pipelines;
using Flotilla.Client.Streams.Spdy;

namespace Flotilla.Client.Tests.Streams.Spdy;

/// <summary>Both sides of one connection, joined by pipes.</summary>
public sealed class SpdyConnectionTests : IAsyncLifetime
{
    private readonly SpdyConnection client;
    private readonly SpdyConnection server;

    public SpdyConnectionTests()
    {
        var up = new Pipe();
        var down = new Pipe();
        client = new SpdyConnection(new Duplex(down.Reader.AsStream(), up.Writer.AsStream()), isServer: false);
        server = new SpdyConnection(new Duplex(up.Reader.AsStream(), down.Writer.AsStream()), isServer: true);
    }

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        await client.DisposeAsync();
        await server.DisposeAsync();
    }

    [Fact]
    public async Task Streams_carry_bytes_and_end_one_direction_at_a_time()
    {
        await using var mine = await client.OpenStreamAsync(Headers("stdin"), Cancellation);
        await using var theirs = await server.Incoming.ReadAsync(Cancellation);
        await theirs.ReplyAsync(Cancellation);
        Assert.Equal("stdin", theirs.Headers["streamType"]);

        var large = new byte[3 << 20];
        Random.Shared.NextBytes(large);
        var copied = new MemoryStream();
        var receive = theirs.CopyToAsync(copied, Cancellation);
        await mine.WriteAsync(large, Cancellation);
        Assert.False(theirs.IsFinishedByPeer);
        await mine.CompleteWritesAsync(Cancellation);
        await receive;
        Assert.Equal(large, copied.ToArray());
        Assert.True(theirs.IsFinishedByPeer);

        await theirs.WriteAsync("answer"u8.ToArray(), Cancellation);
        await theirs.CompleteWritesAsync(Cancellation);
        using var reader = new StreamReader(mine);
        Assert.Equal("answer", await reader.ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task The_second_stream_reads_headers_through_the_same_compression()
    {
        await client.OpenStreamAsync(Headers("error"), Cancellation);
        await client.OpenStreamAsync(Headers("data"), Cancellation);
        var first = await server.Incoming.ReadAsync(Cancellation);
        var second = await server.Incoming.ReadAsync(Cancellation);
        Assert.Equal((1, "error", 3, "data"), (first.Id, first.Headers["streamtype"], second.Id, second.Headers["streamtype"]));
    }

    [Fact]
    public async Task A_reset_ends_the_reading_of_the_other_side_unfinished()
    {
        await using var mine = await client.OpenStreamAsync(Headers("data"), Cancellation);
        var theirs = await server.Incoming.ReadAsync(Cancellation);
        await theirs.ResetAsync(Cancellation);
        Assert.Equal(0, await mine.ReadAsync(new byte[1], Cancellation));
        Assert.False(mine.IsFinishedByPeer);
        await Assert.ThrowsAnyAsync<IOException>(() => mine.WriteAsync(new byte[1], Cancellation).AsTask());
    }

    [Fact]
    public async Task The_end_of_the_connection_ends_its_streams_unfinished()
    {
        await using var mine = await client.OpenStreamAsync(Headers("error"), Cancellation);
        await server.DisposeAsync();
        Assert.Equal(0, await mine.ReadAsync(new byte[1], Cancellation));
        Assert.False(mine.IsFinishedByPeer);
    }

    private static Dictionary<string, string> Headers(string type) => new(StringComparer.OrdinalIgnoreCase) { ["streamType"] = type };

    private sealed class Duplex(Stream input, Stream output) : Stream
    {
        public override bool CanRead => true;

        public override bool CanWrite => true;

        public override bool CanSeek => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) => input.ReadAsync(buffer, cancellationToken);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => output.WriteAsync(buffer, cancellationToken);

        public override Task FlushAsync(CancellationToken cancellationToken) => output.FlushAsync(cancellationToken);

        public override void Flush() => output.Flush();

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            output.Dispose();
            base.Dispose(disposing);
        }
    }
}
