using Flotilla.Node.Linux;

namespace Flotilla.Node.Volumes;

/// <summary>Gives a volume to the pod's fsGroup, as upstream: the group may read (or write) all of it, new files inherit the group.</summary>
internal static class Ownership
{
    private const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead;
    private const UnixFileMode Write = UnixFileMode.UserWrite | UnixFileMode.GroupWrite;
    private const UnixFileMode Enter = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    public static void Apply(string path, long? group, bool readOnly)
    {
        if (group is not { } id)
        {
            return;
        }
        Set(path, id, Enter | (readOnly ? Read : Read | Write));
        foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
            {
                Native.ChangeOwner(entry.FullName, -1, id);
            }
            else if (entry is DirectoryInfo)
            {
                Apply(entry.FullName, id, readOnly);
            }
            else
            {
                Set(entry.FullName, id, readOnly ? Read : Read | Write);
            }
        }
    }

    // Ownership first: changing it clears the set-group bit.
    private static void Set(string path, long group, UnixFileMode bits)
    {
        Native.ChangeOwner(path, -1, group);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | bits);
    }
}
