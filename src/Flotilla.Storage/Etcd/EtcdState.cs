using System.Runtime.Versioning;
using System.Text;
using Microsoft.Extensions.Logging;

namespace Flotilla.Storage.Etcd;

/// <summary>
/// All that is stored in etcd after one write, page by page into a file: it is never in memory as a whole, and etcd may forget
/// that state while it is worked on. The file has no name, so that nothing stays, however the process ends.
/// </summary>
[SupportedOSPlatform("linux")]
public static class EtcdState
{
    private const int Attempts = 5;
    private const int BufferBytes = 1 << 20;

    /// <param name="directory">Where there is room for it.</param>
    /// <returns>To be enumerated by one at a time.</returns>
    /// <exception cref="StorageException">etcd does not answer, or forgets states faster than they can be read.</exception>
    public static async Task<StoreDump> ReadAsync(EtcdOptions options, string directory, TimeProvider time, ILogger<EtcdStore> logger, CancellationToken cancellationToken)
    {
        using var connection = new EtcdConnection(options, time, logger);
        var history = new EtcdHistory(connection, new EtcdKeys(options.Prefix));
        await history.ReadShiftAsync(cancellationToken);
        var file = Open(directory);
        try
        {
            for (var attempt = 1; ; attempt++)
            {
                try
                {
                    return await FillAsync(file, history, cancellationToken);
                }
                catch (CompactedException) when (attempt < Attempts)
                {
                    file.SetLength(0);
                }
            }
        }
        catch
        {
            await file.DisposeAsync();
            throw;
        }
    }

    private static FileStream Open(string directory)
    {
        Directory.CreateDirectory(directory, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var path = Path.Combine(directory, $".state-{Guid.NewGuid():N}");
        var file = new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.CreateNew,
            Access = FileAccess.ReadWrite,
            BufferSize = BufferBytes,
            UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite,
        });
        File.Delete(path);
        return file;
    }

    private static async Task<StoreDump> FillAsync(FileStream file, EtcdHistory history, CancellationToken cancellationToken)
    {
        var (revision, count) = (default(Revision), 0);
        await using var writer = new BinaryWriter(file, Encoding.UTF8, leaveOpen: true);
        await foreach (var (at, entries) in history.PagesAsync(cancellationToken))
        {
            revision = at;
            foreach (var entry in entries)
            {
                writer.Write(entry.Key);
                writer.Write(entry.Created.Value);
                writer.Write(entry.Modified.Value);
                writer.Write(entry.Value.Length);
                writer.Write(entry.Value.Span);
                count++;
            }
        }

        return new StoreDump(revision, count, Read(file, count), file);
    }

    private static IEnumerable<StoredEntry> Read(FileStream file, int count)
    {
        file.Position = 0;
        using var reader = new BinaryReader(file, Encoding.UTF8, leaveOpen: true);
        for (var index = 0; index < count; index++)
        {
            var (key, created, modified) = (reader.ReadString(), new Revision(reader.ReadInt64()), new Revision(reader.ReadInt64()));
            yield return new StoredEntry(key, reader.ReadBytes(reader.ReadInt32()), created, modified);
        }
    }
}
