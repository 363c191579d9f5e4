using System.IO.Compression;
using System.IO.Pipelines;
using System.Text;
using Flotilla.Node.Streaming.Runtime;

namespace Flotilla.Node.Tests.Streaming;

public sealed class SpdyTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public void The_header_dictionary_is_the_one_of_the_specification()
    {
        Assert.Equal(HeaderDictionary.Length, HeaderDictionary.Bytes.Length);
        uint a = 1, b = 0;
        foreach (var value in HeaderDictionary.Bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }
        Assert.Equal(0xE3C6A7C2u, (b << 16) | a);
    }

    [Theory]
    [InlineData(CompressionLevel.NoCompression)]
    [InlineData(CompressionLevel.Fastest)]
    [InlineData(CompressionLevel.SmallestSize)]
    public void Inflates_what_the_platform_deflates_block_after_block(CompressionLevel level)
    {
        var random = new Random(7);
        var inflater = new Inflater([], 1 << 20);
        using var deflated = new MemoryStream();
        using var deflate = new DeflateStream(deflated, level);
        for (var i = 0; i < 20; i++)
        {
            var text = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, random.Next(1, 3000)).Select(_ => "stream " + random.Next(50))));
            deflated.SetLength(0);
            deflate.Write(text);
            deflate.Flush();
            Assert.Equal(text, inflater.Inflate(deflated.ToArray()));
        }
    }

    [Fact]
    public void Damaged_header_blocks_are_refused()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var junk = new byte[random.Next(0, 60)];
            random.NextBytes(junk);
            var failure = Record.Exception(() => new HeaderBlock().Read(junk));
            Assert.True(failure is null or InvalidDataException, $"seed {seed}: {failure}");
        }
    }

    [Fact]
    public async Task Streams_of_both_sides_carry_bytes_and_end_one_direction_at_a_time()
    {
        await using var pair = new Pair();
        await using var mine = await pair.Client.OpenAsync(Headers("stdin"), Cancellation);
        await using var theirs = await pair.Server.IncomingAsync(Cancellation).FirstAsync(Cancellation);
        await mine.Accepted.WaitAsync(Cancellation);
        Assert.Equal("stdin", theirs.Headers["streamType"]);

        var large = new byte[3 << 20];
        new Random(1).NextBytes(large);
        var copied = new MemoryStream();
        var receive = theirs.CopyToAsync(copied, Cancellation);
        await mine.WriteAsync(large, Cancellation);
        await mine.CompleteWritesAsync(Cancellation);
        await receive;
        Assert.Equal(large, copied.ToArray());

        await theirs.WriteAsync("answer"u8.ToArray(), Cancellation);
        await theirs.CompleteWritesAsync(Cancellation);
        using var reader = new StreamReader(mine);
        Assert.Equal("answer", await reader.ReadToEndAsync(Cancellation));
    }

    [Fact]
    public async Task The_second_stream_reads_headers_through_the_same_compression()
    {
        await using var pair = new Pair();
        await pair.Client.OpenAsync(Headers("error"), Cancellation);
        await pair.Client.OpenAsync(Headers("data"), Cancellation);
        var types = new List<string>();
        await foreach (var stream in pair.Server.IncomingAsync(Cancellation))
        {
            types.Add($"{stream.Id} {stream.Headers["streamtype"]}");
            if (types.Count == 2)
            {
                break;
            }
        }
        Assert.Equal(["1 error", "3 data"], types);
    }

    [Fact]
    public async Task A_reset_ends_the_reading_of_the_other_side()
    {
        await using var pair = new Pair();
        await using var mine = await pair.Client.OpenAsync(Headers("data"), Cancellation);
        var theirs = await pair.Server.IncomingAsync(Cancellation).FirstAsync(Cancellation);
        await theirs.DisposeAsync();
        Assert.Equal(0, await mine.ReadAsync(new byte[1], Cancellation));
        await Assert.ThrowsAsync<IOException>(() => mine.WriteAsync(new byte[1], Cancellation).AsTask());
    }

    private static Dictionary<string, string> Headers(string type) => new(StringComparer.Ordinal) { ["streamType"] = type };

    /// <summary>Two sessions joined by pipes, both running.</summary>
    private sealed class Pair : IAsyncDisposable
    {
        private readonly CancellationTokenSource stop = CancellationTokenSource.CreateLinkedTokenSource(Cancellation);
        private readonly Task running;

        public Pair()
        {
            var up = new Pipe();
            var down = new Pipe();
            Client = new SpdySession(new Duplex(down.Reader.AsStream(), up.Writer.AsStream()), isServer: false);
            Server = new SpdySession(new Duplex(up.Reader.AsStream(), down.Writer.AsStream()), isServer: true);
            running = Task.WhenAll(Client.RunAsync(stop.Token), Server.RunAsync(stop.Token));
        }

        public SpdySession Client { get; }

        public SpdySession Server { get; }

        public async ValueTask DisposeAsync()
        {
            await stop.CancelAsync();
            await running.ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);
            stop.Dispose();
        }
    }

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

        public override int Read(byte[] buffer, int offset, int count) => input.Read(buffer, offset, count);

        public override void Write(byte[] buffer, int offset, int count) => output.Write(buffer, offset, count);

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();
    }
}
