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
}
