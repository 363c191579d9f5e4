using Flotilla.Client.Streams.Spdy;

namespace Flotilla.Client.Tests.Streams.Spdy;

public sealed class HeaderCompressionTests
{
    // Two blocks of one stream as zlib writes them with SPDY's dictionary.
    private const string First = "78f9e3c6a7c202e50ea4f28013945373a01caee292a2d4c45c68f9c29a0a0a7d00000000ffff";
    private const string Second = "82aac721052cc68b403a992c0c00000000ffff";

    [Fact]
    public void Reads_what_was_compressed_with_the_dictionary()
    {
        using var compression = new HeaderCompression();
        var first = compression.Decompress(Convert.FromHexString(First));
        Assert.Equal(("localhost", "error"), (first["host"], first["streamType"]));
        var second = compression.Decompress(Convert.FromHexString(Second));
        Assert.Equal(("error", "80"), (second["streamtype"], second["Port"]));
    }

    [Fact]
    public void Reads_what_it_writes()
    {
        using var writer = new HeaderCompression();
        using var reader = new HeaderCompression();
        for (var round = 0; round < 3; round++)
        {
            var headers = new Dictionary<string, string> { ["round"] = round.ToString(System.Globalization.CultureInfo.InvariantCulture) };
            Assert.Equal(headers, reader.Decompress(writer.Compress(HeaderBlock.Encode(headers))));
        }
    }

    [Fact]
    public void The_dictionary_is_the_one_of_the_specification()
    {
        uint a = 1, b = 0;
        foreach (var value in SpdyDictionary.Bytes)
        {
            a = (a + value) % 65521;
            b = (b + a) % 65521;
        }
        Assert.Equal(0xE3C6A7C2u, (b << 16) | a);
    }

    [Fact]
    public void Damaged_header_blocks_are_refused()
    {
        for (var seed = 0; seed < 500; seed++)
        {
            var random = new Random(seed);
            var junk = new byte[random.Next(0, 60)];
            random.NextBytes(junk);
            using var compression = new HeaderCompression();
            var failure = Record.Exception(() => compression.Decompress(junk));
            Assert.True(failure is null or InvalidDataException or IOException or ArgumentException, $"seed {seed}: {failure}");
        }
    }
}
