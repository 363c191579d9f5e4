using System.Globalization;
using Flotilla.Node.Linux;

namespace Flotilla.Node.Volumes;

/// <summary>
/// A directory whose files change all at once: names are links into <c>..data</c>, itself a link to a dated folder
/// that is replaced by one rename. Readers see the old set or the new one, never a mixture.
/// </summary>
internal static class AtomicDirectory
{
    private const string Data = "..data";
    private const UnixFileMode FolderMode = (UnixFileMode)0b111_101_101;

    /// <param name="finish">Called with the new folder before anybody sees it: ownership.</param>
    /// <returns>Whether anything changed.</returns>
    public static bool Write(string directory, IReadOnlyCollection<VolumeFile> files, DateTimeOffset now, Action<string> finish)
    {
        var data = Path.Combine(directory, Data);
        var current = new FileInfo(data).LinkTarget is { } link ? Path.Combine(directory, link) : null;
        if (current is not null && Holds(current, files))
        {
            return false;
        }
        var folder = Path.Combine(directory, ".." + now.UtcDateTime.ToString("yyyy_MM_dd_HH_mm_ss.", CultureInfo.InvariantCulture) + Unique());
        WriteFolder(folder, files);
        finish(folder);
        var next = Path.Combine(directory, "..data_tmp");
        File.Delete(next);
        File.CreateSymbolicLink(next, Path.GetFileName(folder));
        Native.Rename(next, data);
        Link(directory, files);
        if (current is not null && Directory.Exists(current))
        {
            Directory.Delete(current, recursive: true);
        }
        return true;
    }

    // Two changes may fall into one moment, and clocks are set back.
    private static string Unique() => Guid.NewGuid().ToString("N")[..10];

    private static bool Holds(string folder, IReadOnlyCollection<VolumeFile> files)
    {
        try
        {
            return Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Count() == files.Count
                && files.All(file => File.ReadAllBytes(Path.Combine(folder, file.Path)).AsSpan().SequenceEqual(file.Content));
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            // Gone or half written by an agent that was stopped: written again.
            return false;
        }
    }

    private static void WriteFolder(string folder, IEnumerable<VolumeFile> files)
    {
        Directory.CreateDirectory(folder);
        File.SetUnixFileMode(folder, FolderMode);
        foreach (var file in files)
        {
            var path = Path.GetFullPath(Path.Combine(folder, file.Path));
            if (!path.StartsWith(folder + "/", StringComparison.Ordinal))
            {
                throw new IOException($"invalid path {file.Path}");
            }
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllBytes(path, file.Content);
            File.SetUnixFileMode(path, file.Mode);
            if (file.Owner is not null || file.Group is not null)
            {
                Native.ChangeOwner(path, file.Owner ?? -1, file.Group ?? -1);
            }
        }
    }

    private static void Link(string directory, IEnumerable<VolumeFile> files)
    {
        var names = files.Select(file => file.Path.Split('/')[0]).ToHashSet(StringComparer.Ordinal);
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget?.StartsWith(Data + "/", StringComparison.Ordinal) == true && !names.Remove(entry.Name))
            {
                File.Delete(entry.FullName);
            }
        }
        foreach (var name in names)
        {
            File.CreateSymbolicLink(Path.Combine(directory, name), $"{Data}/{name}");
        }
    }
}
