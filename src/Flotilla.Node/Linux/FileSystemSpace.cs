namespace Flotilla.Node.Linux;

/// <summary>The file system that holds a path, in bytes and files.</summary>
internal sealed record FileSystemSpace(long CapacityBytes, long FreeBytes, long AvailableBytes, long Files, long FreeFiles)
{
    public long UsedBytes => CapacityBytes - FreeBytes;

    /// <summary>Nothing where the path does not exist (yet): the nearest directory above it that does is asked.</summary>
    public static FileSystemSpace Of(string path)
    {
        while (!Path.Exists(path))
        {
            path = Path.GetDirectoryName(path) ?? "/";
        }
        return Native.StatFileSystem(path);
    }
}
