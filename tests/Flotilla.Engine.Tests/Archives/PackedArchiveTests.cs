using System.Text;
using Flotilla.Engine.Archives;

namespace Flotilla.Engine.Tests.Archives;

public sealed class PackedArchiveTests
{
    // "packed" and an end of line, as the programs of these names write it.
    private const string Gzip = "H4sIAAAAAAAAAytITM5OTeECAEPgQS8HAAAA";
    private const string Bzip2 = "QlpoOTFBWSZTWVvaCagAAANBgAAQLghAACAAMQwBBk2jHAKLuSKcKEgt7QTUAA==";
    private const string Xz = "/Td6WFoAAATm1rRGAgAhARYAAAB0L+WjAQAGcGFja2VkCgAAaNCq3DmCKkIAAR8HFi64cx+2830BAAAAAARZWg==";
    private const string Zstd = "KLUv/QRYOQAAcGFja2VkCuHeBUQ=";

    [Theory]
    [InlineData(Gzip)]
    [InlineData(Bzip2)]
    [InlineData(Xz)]
    [InlineData(Zstd)]
    public async Task One_or_several_parts_are_read_to_their_end(string packed)
    {
        var bytes = Convert.FromBase64String(packed);
        Assert.Equal("packed\n", await UnpackAsync(bytes));
        Assert.Equal("packed\npacked\n", await UnpackAsync([.. bytes, .. bytes]));
    }

    [Theory]
    [InlineData(Bzip2)]
    [InlineData(Xz)]
    [InlineData(Zstd)]
    public async Task One_that_breaks_off_is_damaged(string packed) =>
        await Assert.ThrowsAsync<InvalidDataException>(() => UnpackAsync(Convert.FromBase64String(packed)[..^6]));

    [Theory]
    [InlineData("")]
    [InlineData("BZ")]
    [InlineData("plain text")]
    public async Task Other_bytes_are_what_they_are(string text) => Assert.Equal(text, await UnpackAsync(Encoding.UTF8.GetBytes(text)));

    private static async Task<string> UnpackAsync(byte[] packed)
    {
        await using var plain = await PackedArchive.OpenAsync(new MemoryStream(packed), TestContext.Current.CancellationToken);
        using var reader = new StreamReader(plain);
        return await reader.ReadToEndAsync(TestContext.Current.CancellationToken);
    }
}
