using Flotilla.Server.Identity;

namespace Flotilla.Backups;

/// <summary>Seals the keys in a backup that was taken when they were open, as those of the server are sealed now.</summary>
internal static class BackupSealing
{
    private const string Keys = "pki/";

    /// <param name="wrappedKey">What opens the seal, as the backup is to hold it.</param>
    /// <exception cref="Local.UserError">It is no backup, damaged, or needs a passphrase.</exception>
    /// <exception cref="SealedException">Nobody holds the key.</exception>
    public static void Seal(string path, FileSeal seal, byte[] wrappedKey)
    {
        var content = BackupFile.Read(path, null);
        if (content.Files.ContainsKey(Keys + FileSeal.FileName))
        {
            return;
        }

        var files = content.Files.ToDictionary(file => file.Key, file => file.Key.StartsWith(Keys, StringComparison.Ordinal) ? seal.CloseSecret(file.Key[Keys.Length..], file.Value) : file.Value, StringComparer.Ordinal);
        files[Keys + FileSeal.FileName] = wrappedKey;
        var closed = content with { Files = files };
        BackupCheck.Verify(closed);
        BackupFile.Write(path, closed, null);
    }
}
