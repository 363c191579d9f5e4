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
        var payload = Pack(content);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var temporary = path + ".new";
        File.Delete(temporary);
        using (var file = new FileStream(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite }))
        {
            foreach (var part in (byte[][])[Magic, [passphrase is null ? (byte)0 : (byte)1], passphrase is null ? payload : Passphrase.Seal(payload, passphrase)])
            {
                file.Write(part);
                hash.AppendData(part);
            }

            file.Write(hash.GetHashAndReset());
            file.Flush(flushToDisk: true);
        }

        File.Move(temporary, path, overwrite: true);
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

        var bytes = File.ReadAllBytes(path);
        if (!bytes.AsSpan().StartsWith(Magic))
        {
            throw new UserError($"{path} is not a backup of Flotilla.");
        }

        if (bytes.Length < Magic.Length + 1 + HashBytes || !SHA256.HashData(bytes.AsSpan(0, bytes.Length - HashBytes)).AsSpan().SequenceEqual(bytes.AsSpan(bytes.Length - HashBytes)))
        {
            throw new UserError($"{path} is damaged: its content does not match its checksum. Use another backup.");
        }

        var payload = bytes.AsSpan(Magic.Length + 1, bytes.Length - Magic.Length - 1 - HashBytes);
        if (bytes[Magic.Length] == 0)
        {
            return Unpack(payload.ToArray());
        }

        return Unpack(Passphrase.Open(payload, passphrase ?? throw new UserError($"{path} is sealed; name the file with its passphrase by --passphrase-file.")));
    }

    private static byte[] Pack(BackupContent content)
    {
        using var buffer = new MemoryStream();
        using (var compressed = new GZipStream(buffer, CompressionLevel.Fastest, leaveOpen: true))
        using (var writer = new BinaryWriter(compressed, Encoding.UTF8))
        {
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

        return buffer.ToArray();
    }

    private static BackupContent Unpack(byte[] payload)
    {
        using var reader = new BinaryReader(new GZipStream(new MemoryStream(payload), CompressionMode.Decompress), Encoding.UTF8);
        _ = reader.ReadString();
        var manifest = JsonSerializer.Deserialize(ReadBytes(reader), BackupJson.Default.BackupManifest)!;
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal);
        for (var name = reader.ReadString(); name.Length > 0; name = reader.ReadString())
        {
            files[name] = ReadBytes(reader);
        }

        var state = new List<StoredEntry>(manifest.Objects);
        for (var key = reader.ReadString(); key.Length > 0; key = reader.ReadString())
        {
            state.Add(new StoredEntry(key, ReadBytes(reader), default, default));
        }

        return new BackupContent(manifest, files, state);
    }

    private static void WritePart(BinaryWriter writer, string name, ReadOnlySpan<byte> bytes)
    {
        writer.Write(name);
        writer.Write(bytes.Length);
        writer.Write(bytes);
    }

    private static byte[] ReadBytes(BinaryReader reader) => reader.ReadBytes(reader.ReadInt32());
}
