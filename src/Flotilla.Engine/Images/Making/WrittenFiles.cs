using Flotilla.Engine.Archives;
using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Linux.Containerd;

namespace Flotilla.Engine.Images.Making;

/// <summary>
/// A container's files without the empty places that its runtime has made for what is mounted into every container. They are hidden in a layer above, since a
/// container that runs needs them.
/// </summary>
internal sealed class WrittenFiles : IDisposable
{
    private readonly string directory;

    private WrittenFiles(IReadOnlyList<Mount> mounts, string directory)
    {
        Mounts = mounts;
        this.directory = directory;
    }

    public IReadOnlyList<Mount> Mounts { get; }

    /// <param name="directory">For what lies above; not there yet.</param>
    /// <param name="mounted">Where something was mounted into this container: empty places there, and directories above them, were made for that.</param>
    public static WrittenFiles Of(IReadOnlyList<Mount> mounts, string directory, IReadOnlyList<string> mounted)
    {
        var (upper, lower) = OverlayLayers.Of(mounts);
        if (upper is null || lower.Count == 0)
        {
            return new WrittenFiles(mounts, directory);
        }

        var places = ContainerPlaces.All.Where(path => IsEmpty(upper + path)).ToList();
        if (places.Count == 0 && mounted.Count == 0)
        {
            return new WrittenFiles(mounts, directory);
        }

        var above = Directory.CreateDirectory(Path.Combine(directory, "above")).FullName;
        var work = Directory.CreateDirectory(Path.Combine(directory, "work")).FullName;
        var layers = $"lowerdir={string.Join(':', lower.Prepend(upper))}";
        using (var files = MountedFiles.Of([Overlay(layers, $"upperdir={above}", $"workdir={work}")], Path.Combine(directory, "all")))
        {
            places.AddRange(mounted.SelectMany(path => WithParents(ScopedPath.Resolve(files.Root, path)[files.Root.Length..])));
            foreach (var path in places.Where(path => !lower.Any(layer => Native.State(layer + path) is not null)).OrderByDescending(path => path.Length))
            {
                if (IsEmpty(files.Root + path))
                {
                    Remove(files.Root + path);
                }
            }
        }

        return new WrittenFiles([Overlay($"lowerdir={string.Join(':', lower.Prepend(upper).Prepend(above))}")], directory);
    }

    public void Dispose()
    {
        if (Directory.Exists(directory))
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static Mount Overlay(params ReadOnlySpan<string> options)
    {
        var mount = new Mount { Type = "overlay", Source = "overlay" };
        mount.Options.Add("index=off");
        foreach (var option in options)
        {
            mount.Options.Add(option);
        }

        return mount;
    }

    private static IEnumerable<string> WithParents(string path)
    {
        for (var end = path.Length; end > 0; end = path.LastIndexOf('/', end - 1))
        {
            yield return path[..end];
        }
    }

    private static bool IsEmpty(string path) => Native.State(path) switch
    {
        { IsDirectory: true } => !Directory.EnumerateFileSystemEntries(path).Any(),
        { IsRegular: true, Size: 0 } => true,
        _ => false,
    };

    private static void Remove(string path)
    {
        if (Native.State(path) is { IsDirectory: true })
        {
            Directory.Delete(path);
        }
        else
        {
            File.Delete(path);
        }
    }
}
