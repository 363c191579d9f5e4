namespace Flotilla.Engine.Volumes;

/// <summary>What lies below a directory.</summary>
internal static class DiskUse
{
    private static readonly EnumerationOptions All = new() { RecurseSubdirectories = true, AttributesToSkip = FileAttributes.ReparsePoint, IgnoreInaccessible = true };

    /// <summary>Bytes of all files; 0: there is no such directory.</summary>
    public static long Of(string directory) => Directory.Exists(directory) ? new DirectoryInfo(directory).EnumerateFiles("*", All).Sum(file => file.Length) : 0;
}
