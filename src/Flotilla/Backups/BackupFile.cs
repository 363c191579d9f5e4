using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Flotilla.Local;
using Flotilla.Storage;

namespace Flotilla.Backups;

/// <summary>
/// A backup as one file: <c>magic sealed(1) payload sha256(32)</c>. The payload is compressed and, with a passphrase,
/// sealed: the manifest, then each file as <c>name length bytes</c> up to an empty name, then each object as <c>key length bytes</c>
/// up to an empty key. The file is there completely or not at all, and for its owner alone.
/// </summary>
internal static class BackupFile
{
    private const int HashBytes = 32;
    private static readonly byte[] Magic = "FLOTILLA BACKUP 1\n"u8.ToArray();

    public static void Write(string path, BackupContent content, string? passphrase)
    {
        var temporary = path + ".new";
        try
        {
            using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
            {
                using var hash = SHA256.Create();
                using (var hashed = new CryptoStream(file, hash, CryptoStreamMode.Write, leaveOpen: true))
                {
                    hashed.Write([.. Magic, passphrase is null ? (byte)0 : (byte)1]);
                    using var payload = passphrase is null ? null : new SealingStream(hashed, passphrase);
                    Pack(content, payload ?? (Stream)hashed);
                }

                file.Write(hash.Hash!);
                file.Flush(flushToDisk: true);
            }

            File.Move(temporary, path, overwrite: true);
        }
        finally
        {
            // What did not become a backup only takes room.
            File.Delete(temporary);
        }
    }

    public static bool IsSealed(string path)
    {
        using var file = File.OpenRead(path);
        var head = new byte[Magic.Length + 1];
        return file.ReadAtLeast(head, head.Length, throwOnEndOfStream: false) == head.Length && head.AsSpan(0, Magic.Length).SequenceEqual(Magic) && head[^1] == 1;
    }

    /// <exception cref="UserError">Not a backup, damaged, or another passphrase.</exception>
    public static BackupContent Read(string path, string? passphrase)
    {
        if (!File.Exists(path))
        {
            throw new UserError($"{path} does not exist.");
        }

        Verify(path);
        using var reader = Open(path, passphrase);
        var (manifest, files) = ReadHead(reader);
        return new BackupContent(manifest, files, ReadState(path, passphrase));
    }

    private static void Verify(string path)
    {
        using var file = File.OpenRead(path);
        var magic = new byte[Magic.Length];
        if (file.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false) < magic.Length || !magic.AsSpan().SequenceEqual(Magic))
        {
            throw new UserError($"{path} is not a backup of Flotilla.");
        }

        file.Position = 0;
        var stored = new byte[HashBytes];
        var whole = file.Length >= Magic.Length + 1 + HashBytes;
        var actual = whole ? SHA256.HashData(new BoundedStream(file, file.Length - HashBytes)) : [];
        file.ReadAtLeast(stored, HashBytes, throwOnEndOfStream: false);
        if (!whole || !actual.AsSpan().SequenceEqual(stored))
        {
            throw new UserError($"{path} is damaged: its content does not match its checksum. Use another backup.");
        }
    }

    private static void Pack(BackupContent content, Stream target)
    {
        using var compressed = new GZipStream(target, CompressionLevel.Fastest, leaveOpen: true);
        using var writer = new BinaryWriter(compressed, Encoding.UTF8);
        WritePart(writer, "manifest", JsonSerializer.SerializeToUtf8Bytes(content.Manifest, BackupJson.Default.BackupManifest));
        foreach (var (name, bytes) in content.Files)
        {
            WritePart(writer, name, bytes);
        }

        writer.Write("");
        foreach (var entry in content.State)
        {
            WritePart(writer, entry.Key, entry.Value.Span);
        }

        writer.Write("");
    }

    private static BinaryReader Open(string path, string? passphrase)
    {
        var file = File.OpenRead(path);
        try
        {
            file.Position = Magic.Length;
            var isSealed = file.ReadByte() == 1;
            var payload = new BoundedStream(file, file.Length - Magic.Length - 1 - HashBytes);
            var plain = isSealed
                ? new OpeningStream(payload, passphrase ?? throw new UserError($"{path} is sealed; name the file with its passphrase by --passphrase-file."))
                : (Stream)payload;
            return new BinaryReader(new GZipStream(plain, CompressionMode.Decompress), Encoding.UTF8);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    private static (BackupManifest Manifest, Dictionary<string, byte[]> Files) ReadHead(BinaryReader reader)
    {
        _ = reader.ReadString();
        var manifest = JsonSerializer.Deserialize(ReadBytes(reader), BackupJson.Default.BackupManifest)!;
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var name = reader.ReadString(); name.Length > 0; name = reader.ReadString())
        {
            files[name] = ReadBytes(reader);
        }

        return (manifest, files);
    }

    private static IEnumerable<StoredEntry> ReadState(string path, string? passphrase)
    {
        using var reader = Open(path, passphrase);
        _ = ReadHead(reader);
        for (var key = reader.ReadString(); key.Length > 0; key = reader.ReadString())
        {
            yield return new StoredEntry(key, ReadBytes(reader), default, default);
        }
    }

    private static void WritePart(BinaryWriter writer, string name, ReadOnlySpan<byte> bytes)
    {
        writer.Write(name);
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());
}
