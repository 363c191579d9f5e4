using Flotilla.Node.Linux;

namespace Flotilla.Node.Volumes;

/// <summary>A directory that never touches a disk.</summary>
internal static class MemoryDirectory
{
    public static bool IsMounted(string path) => FileStatus.IsMountPoint(path);

    /// <param name="bytes">null: half of the machine's memory, the kernel's own default.</param>
    public static void Mount(string path, string? bytes = null)
    {
        Directory.CreateDirectory(path);
        if (!IsMounted(path))
        {
            Native.Mount("tmpfs", path, "tmpfs", 0, bytes is null ? null : $"size={bytes}");
        }
    }
}
