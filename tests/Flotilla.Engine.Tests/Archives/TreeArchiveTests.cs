using System.Formats.Tar;
using Flotilla.Docker;
using Flotilla.Engine.Archives;
using Flotilla.Engine.Linux;

namespace Flotilla.Engine.Tests.Archives;

public sealed class TreeArchiveTests : IDisposable
{
    private const int Block = 512;
    private readonly string directory = Directory.CreateTempSubdirectory("flotilla-archive-").FullName;

    public void Dispose() => Directory.Delete(directory, recursive: true);

    [Fact]
    public async Task An_archive_without_its_last_padding_is_whole()
    {
        var bytes = await ArchiveAsync();
        await ExtractAsync(bytes[..(bytes.Length - (Block * 2) - Block + 5)]);
        Assert.Equal("12345", await File.ReadAllTextAsync(Path.Combine(directory, "file"), TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task One_that_ends_within_a_file_is_refused()
    {
        var bytes = await ArchiveAsync();
        var refused = await Assert.ThrowsAsync<DockerException>(() => ExtractAsync(bytes[..(bytes.Length - (Block * 2) - Block + 3)]));
        Assert.Equal("invalid archive: it ends in the middle of file", refused.Message);
    }

    private async Task<byte[]> ArchiveAsync()
    {
        using var bytes = new MemoryStream();
        var owner = Native.State(directory)!;
        await using (var writer = new TarWriter(bytes, TarEntryFormat.Ustar, leaveOpen: true))
        {
            await writer.WriteEntryAsync(new UstarTarEntry(TarEntryType.RegularFile, "file") { DataStream = new MemoryStream("12345"u8.ToArray()), Uid = owner.User, Gid = owner.Group }, TestContext.Current.CancellationToken);
        }

        return bytes.ToArray();
    }

    private async Task ExtractAsync(byte[] archive)
    {
        // As from a connection, which cannot seek.
        await using var body = new System.IO.Compression.GZipStream(new MemoryStream(await PackedAsync(archive)), System.IO.Compression.CompressionMode.Decompress);
        await TreeArchive.ExtractAsync(body, directory, directory, TestContext.Current.CancellationToken);
    }

    private static async Task<byte[]> PackedAsync(byte[] archive)
    {
        using var packed = new MemoryStream();
        await using (var writer = new System.IO.Compression.GZipStream(packed, System.IO.Compression.CompressionLevel.Fastest, leaveOpen: true))
        {
            await writer.WriteAsync(archive, TestContext.Current.CancellationToken);
        }

        return packed.ToArray();
    }
}
