using Flotilla.Node.Linux;

namespace Flotilla.Node.Volumes;

/// <summary>
/// A part of a volume for a container. What is below the volume is the pods' to change, links and all: the place is walked to
/// without following any, held open, and mounted where no pod can reach; only that is handed to the runtime.
/// </summary>
internal static class SubPaths
{
    private const UnixFileMode TargetMode = (UnixFileMode)0b111_101_000;

    /// <param name="below">Relative, without "..".</param>
    /// <param name="target">Where the part is mounted.</param>
    /// <exception cref="IOException">There is no such place inside of the volume.</exception>
    public static string Prepare(string volume, string below, string target)
    {
        var root = RealPath.Of(volume) ?? throw new IOException($"{volume} is gone");
        var path = Resolve(root, below);
        if (path != root && !path.StartsWith(root.TrimEnd('/') + "/", StringComparison.Ordinal))
        {
            throw new IOException($"{below} leads out of the volume");
        }
        using var place = Walk(root, path);
        var status = FileStatus.Of(place.Path) ?? throw new IOException($"{below} is gone");
        Mount(place, status, target);
        return target;
    }

    private static PathDescriptor Walk(string root, string path)
    {
        var place = PathDescriptor.Open(root);
        var permissions = FileStatus.Of(place.Path)?.Permissions ?? 0;
        foreach (var name in Path.GetRelativePath(root, path).Split('/').Where(name => name is not ("" or ".")))
        {
            using var parent = place;
            place = parent.Step(name) ?? Make(parent, name, permissions);
        }
        return place;
    }

    // What is missing is made as open as the volume itself, whatever the process would mask.
    private static PathDescriptor Make(PathDescriptor parent, string name, int permissions)
    {
        parent.MakeDirectory(name, permissions);
        var made = parent.Step(name) ?? throw new IOException($"{name} is gone");
        File.SetUnixFileMode(made.Path, (UnixFileMode)permissions);
        return made;
    }

    // A part mounted before is used again if it still is the same file: a refreshed volume has others.
    private static void Mount(PathDescriptor place, FileStatus status, string target)
    {
        if (FileStatus.IsMountPoint(target))
        {
            if (FileStatus.Of(target) is { } mounted && mounted.IsSameFile(status))
            {
                return;
            }
            Mounts.UnmountBelow(target);
        }
        if (status.Type == FileStatus.Directory)
        {
            RemoveFile(target);
            Directory.CreateDirectory(target, TargetMode);
        }
        else
        {
            Directory.CreateDirectory(Path.GetDirectoryName(target)!, TargetMode);
            if (Directory.Exists(target))
            {
                Directory.Delete(target);
            }
            File.WriteAllBytes(target, []);
        }
        Native.Mount(place.Path, target, null, Native.MountBind, null);
    }

    private static void RemoveFile(string target)
    {
        if (File.Exists(target))
        {
            File.Delete(target);
        }
    }

    // Of a path that is still to be made, as much as is there.
    private static string Resolve(string root, string below)
    {
        var (present, missing) = (Path.Combine(root, below).TrimEnd('/'), "");
        while (RealPath.Of(present) is null && present.Length > root.Length)
        {
            missing = Path.Combine(Path.GetFileName(present), missing);
            present = Path.GetDirectoryName(present)!;
        }
        return Path.Combine(RealPath.Of(present) ?? root, missing).TrimEnd('/');
    }
}
