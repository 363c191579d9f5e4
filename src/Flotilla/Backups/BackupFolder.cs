using System.Globalization;
using Flotilla.Local;
using Flotilla.Storage;
using Flotilla.Upgrades;

namespace Flotilla.Backups;

/// <summary>The backups of one control plane: taken into a folder, the oldest removed when there are too many.</summary>
internal sealed class BackupFolder(ClusterSettings settings, TimeProvider time)
{
    private const string TimeFormat = "yyyyMMdd'T'HHmmss'Z'";
    private const string Extension = ".backup";

    public string Path { get; } = settings.Backup.Directory ?? System.IO.Path.Combine(settings.DataDirectory, "backups");

    /// <summary>The newest first.</summary>
    public IReadOnlyList<FileInfo> List() => Directory.Exists(Path)
        ? [.. new DirectoryInfo(Path).EnumerateFiles("flotilla-*" + Extension).OrderByDescending(file => file.Name, StringComparer.Ordinal)]
        : [];

    public static DateTimeOffset? TakenAt(FileInfo file) =>
        DateTimeOffset.TryParseExact(System.IO.Path.GetFileNameWithoutExtension(file.Name).Split('-')[^1], TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null;

    /// <summary>Takes one, proves that it can be read, and only then removes the oldest.</summary>
    public string Take(StoreDump state)
    {
        var now = time.GetUtcNow();
        var path = System.IO.Path.Combine(Path, $"flotilla-{now.ToString(TimeFormat, CultureInfo.InvariantCulture)}{Extension}");
        var passphrase = Passphrase.ReadFile(settings.Backup.PassphraseFile);
        Directory.CreateDirectory(Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var manifest = new BackupManifest(now, Product.Number, settings.NodeName, state.Revision.Value, state.Count);
        BackupFile.Write(path, new BackupContent(manifest, Files(), state.Entries), passphrase);
        BackupCheck.Verify(BackupFile.Read(path, passphrase));
        foreach (var old in List().Skip(settings.Backup.Keep))
        {
            old.Delete();
        }

        return path;
    }

    private Dictionary<string, byte[]> Files()
    {
        var files = new Dictionary<string, byte[]>(StringComparer.Ordinal) { [ClusterSettings.FileName] = settings.ToJson() };
        foreach (var (name, bytes) in ClusterKeys.Read(settings.IdentityDirectory))
        {
            files[$"pki/{name}"] = bytes;
        }

        return files;
    }
}
