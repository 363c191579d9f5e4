using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Flotilla.Local;

namespace Flotilla.Upgrades;

/// <summary>
/// Copies of the programs that run a cluster, in its data directory. A running server loads parts of its program late, so
/// a build or an upgrade must not take it away; and without the one of before there is no way back.
/// </summary>
internal sealed class ProgramFolder(string dataDirectory)
{
    // The newest, and the one before it.
    private const int Kept = 2;

    private string Folder => Path.Combine(dataDirectory, "programs");

    /// <summary>The copy of a program; made when there is none yet.</summary>
    public FlotillaProgram Keep(FlotillaProgram program)
    {
        if (CopyOf(program) is var copy && !Directory.Exists(copy.Directory))
        {
            var unfinished = $"{copy.Directory}.{Environment.ProcessId}.new";
            Copy(new DirectoryInfo(program.Directory), unfinished);
            try
            {
                Directory.Move(unfinished, copy.Directory);
            }
            catch (IOException) when (Directory.Exists(copy.Directory))
            {
                // Another process was faster.
                Directory.Delete(unfinished, recursive: true);
            }

            Directory.SetLastWriteTimeUtc(copy.Directory, DateTime.UtcNow);
            Prune();
        }

        return copy;
    }

    /// <summary>Where its copy is, or would be.</summary>
    public FlotillaProgram CopyOf(FlotillaProgram program) =>
        Path.GetDirectoryName(program.Directory) == Folder ? program : program.In(Path.Combine(Folder, Fingerprint(program.Directory)));

    /// <summary>Whether the server of that number runs another program than this one.</summary>
    public static bool IsOther(ClusterSettings settings, int server) =>
        FlotillaProgram.Of(server) is { } running && running.File != new ProgramFolder(settings.DataDirectory).CopyOf(FlotillaProgram.Own).File;

    private void Prune()
    {
        var used = Directory.EnumerateDirectories("/proc").Select(path => int.TryParse(Path.GetFileName(path), out var number) ? FlotillaProgram.Of(number)?.Directory : null).ToHashSet(StringComparer.Ordinal);
        foreach (var old in new DirectoryInfo(Folder).EnumerateDirectories().OrderByDescending(directory => directory.LastWriteTimeUtc).Skip(Kept).Where(directory => !used.Contains(directory.FullName)))
        {
            old.Delete(recursive: true);
        }
    }

    // What is built again has other times: reading all of it would take longer than a start.
    private static string Fingerprint(string directory)
    {
        var files = new DirectoryInfo(directory).EnumerateFiles("*", SearchOption.AllDirectories)
            .Select(file => string.Create(CultureInfo.InvariantCulture, $"{Path.GetRelativePath(directory, file.FullName)} {file.Length} {file.LastWriteTimeUtc.Ticks}"))
            .Order(StringComparer.Ordinal);
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', files))))[..12];
    }

    private static void Copy(DirectoryInfo from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (var file in from.EnumerateFiles())
        {
            file.CopyTo(Path.Combine(to, file.Name), overwrite: true);
        }

        foreach (var directory in from.EnumerateDirectories())
        {
            Copy(directory, Path.Combine(to, directory.Name));
        }
    }
}
