using System.IO.Compression;
using Flotilla.Linux;
using SharpCompress.Compressors.BZip2;
using SharpCompress.Compressors.ZStandard;

namespace Flotilla.Engine.Archives;

/// <summary>An archive that may be packed with gzip, bzip2, xz or zstd.</summary>
internal static class PackedArchive
{
    /// <returns>What it unpacks to; reading it throws <see cref="InvalidDataException"/> where it is damaged.</returns>
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
            var kind => new UnpackedStream(await SpoolAsync(whole, cancellationToken), packed => Unpack(kind, packed)),
        };
    }

    private static Stream Unpack(string kind, FileStream packed) => kind switch
    {
        "bzip2" => BZip2Stream.Create(packed, SharpCompress.Compressors.CompressionMode.Decompress, decompressConcatenated: true),
        "xz" => new XzStreams(packed),
        _ => new DecompressionStream(packed, leaveOpen: false),
    };

    /// <summary>By the first bytes; empty: not packed.</summary>
    private static string KindOf(ReadOnlySpan<byte> start) => start switch
    {
        [0x1F, 0x8B, ..] => "gzip",
        [0x42, 0x5A, 0x68, ..] => "bzip2",
        [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, ..] => "xz",
        [0x28, 0xB5, 0x2F, 0xFD, ..] => "zstd",
        _ => "",
    };

    // Those decompressors are ten times faster where they need not wait for their bytes: from a file, which has no name and goes with its handle.
    private static async Task<FileStream> SpoolAsync(Stream packed, CancellationToken cancellationToken)
    {
        var path = Path.GetTempFileName();
        var file = new FileStream(path, FileMode.Open, FileAccess.ReadWrite);
        try
        {
            File.Delete(path);
            await packed.CopyToAsync(file, cancellationToken);
            file.Position = 0;
            return file;
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }
}
