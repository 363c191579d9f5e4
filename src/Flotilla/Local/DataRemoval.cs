namespace Flotilla.Local;

/// <summary>Deletes a directory and all in it. Directories that others have mounted something on stay, empty.</summary>
internal static class DataRemoval
{
    /// <returns>Whether the directory itself is gone.</returns>
    public static bool Delete(string directory)
    {
        if (!Directory.Exists(directory))
        {
            return true;
        }

        var isEmpty = true;
        foreach (var entry in new DirectoryInfo(directory).EnumerateFileSystemInfos())
        {
            if (entry is DirectoryInfo && entry.LinkTarget is null)
            {
                isEmpty &= Delete(entry.FullName);
            }
            else
            {
                entry.Delete();
            }
        }

        if (!isEmpty || IsMountPoint(directory))
        {
            return false;
        }

        Directory.Delete(directory);
        return true;
    }

    // The fifth word of a line is where the mount is; blanks and the like stand as octal numbers.
    private static bool IsMountPoint(string directory)
    {
        var point = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory)).Replace("\\", "\\134", StringComparison.Ordinal).Replace(" ", "\\040", StringComparison.Ordinal);
        return File.ReadLines("/proc/self/mountinfo").Any(line => line.Split(' ')[4] == point);
    }
}
