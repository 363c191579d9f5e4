using Flotilla.Node.Linux;

namespace Flotilla.Node.Volumes;

/// <summary>Gives a volume to the pod's fsGroup, as upstream: the group may read (or write) all of it, new files inherit the group.</summary>
internal static class Ownership
{
    private const UnixFileMode Read = UnixFileMode.UserRead | UnixFileMode.GroupRead;
    private const UnixFileMode Write = UnixFileMode.UserWrite | UnixFileMode.GroupWrite;
    private const UnixFileMode Enter = UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.SetGroup;

    /// <param name="onMismatchOnly">Leave everything as it is when the root of the volume already belongs to the group.</param>
    public static void Apply(string path, long? group, bool readOnly, bool onMismatchOnly = false)
    {
        if (group is { } id && !(onMismatchOnly && Belongs(path, id, readOnly)))
        {
            Give(path, id, readOnly);
        }
    }

    private static bool Belongs(string path, long group, bool readOnly)
    {
        var wanted = (int)(Enter | (readOnly ? Read : Read | Write));
        return FileStatus.Of(path) is { } status && status.Group == group && (status.Permissions & wanted) == wanted;
    }

    // The root comes last: one that belongs to the group says that the rest does, also after a crash half-way.
    private static void Give(string path, long group, bool readOnly)
    {
        foreach (var entry in new DirectoryInfo(path).EnumerateFileSystemInfos())
        {
            if (entry.LinkTarget is not null)
            {
                Native.ChangeOwner(entry.FullName, -1, group);
            }
            else if (entry is DirectoryInfo)
            {
                Give(entry.FullName, group, readOnly);
            }
            else
            {
                Set(entry.FullName, group, readOnly ? Read : Read | Write);
            }
        }
        Set(path, group, Enter | (readOnly ? Read : Read | Write));
    }

    // Ownership first: changing it clears the set-group bit.
    private static void Set(string path, long group, UnixFileMode bits)
    {
        Native.ChangeOwner(path, -1, group);
        File.SetUnixFileMode(path, File.GetUnixFileMode(path) | bits);
    }
}
