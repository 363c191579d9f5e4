using System.IO.Compression;
using Flotilla.Linux;

namespace Flotilla.Engine.Archives;

/// <summary>An archive that may be packed with gzip.</summary>
internal static class PackedArchive
{
    /// <returns>What it unpacks to.</returns>
    /// <exception cref="InvalidDataException">It is packed otherwise.</exception>
    public static async Task<Stream> OpenAsync(Stream archive, CancellationToken cancellationToken)
    {
        const int magicBytes = 6;
        var buffered = new BufferedStream(archive);
        var start = new byte[magicBytes];
        var count = await buffered.ReadAtLeastAsync(start, magicBytes, throwOnEndOfStream: false, cancellationToken);
        var whole = new PrefixedStream(start.AsMemory(0, count), buffered);
        return KindOf(start) switch
        {
            "" => whole,
            "gzip" => new GZipStream(whole, CompressionMode.Decompress),
            var kind => throw new InvalidDataException($"it is packed with {kind}; unpack it first, or pack it with gzip"),
        };
    }

    /// <summary>By the first bytes; empty: not packed.</summary>
    public static string KindOf(ReadOnlySpan<byte> start) => start switch
    {
        [0x1F, 0x8B, ..] => "gzip",
        [0x42, 0x5A, 0x68, ..] => "bzip2",
        [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, ..] => "xz",
        [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd",
        _ => "",
    };
}
