using System.IO.Compression;
using Flotilla.Linux;

namespace Flotilla.Node.Containerd;

/// <summary>An image archive without its compression, if it has any: containerd's importer wants a plain tar.</summary>
internal static class ArchiveStream
{
    public static async Task<Stream> OpenAsync(Stream archive, CancellationToken cancellationToken)
    {
        var start = new byte[2];
        var length = await archive.ReadAtLeastAsync(start, start.Length, throwOnEndOfStream: false, cancellationToken);
        var whole = new PrefixedStream(start.AsMemory(0, length), archive);
        return start is [0x1F, 0x8B] ? new GZipStream(whole, CompressionMode.Decompress) : whole;
    }
}
