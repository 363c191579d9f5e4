using Flotilla.Engine.Containers;
using Flotilla.Engine.Linux;
using Flotilla.Linux.Commands;

namespace Flotilla.Engine.Volumes;

/// <summary>
/// An empty volume begins with what an image has at the place where it is mounted, with owners and modes. A copy that was cut off is made again by the
/// next who comes: a file beside the volume's directory tells of it. The file is locked by the copying process, which may outlive who started it and is
/// waited for: it would write over what a container has changed.
/// </summary>
internal sealed class VolumeContents(VolumeStore volumes, VolumeGates gates)
{
    // What an image brings may be large.
    private static readonly TimeSpan CopyLimit = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FlushLimit = TimeSpan.FromMinutes(2);

    /// <summary>Once, and never into a volume that has content of its own.</summary>
    /// <param name="path">Where the container sees the volume.</param>
    /// <param name="useAsync">Calls back with the image's files; not called where nothing is to be copied.</param>
    /// <exception cref="CommandException">It could not be copied: there is no room, or the volume is read-only.</exception>
    public async Task FillAsync(string name, string path, Func<Func<MountedFiles, Task>, Task> useAsync, CancellationToken cancellationToken)
    {
        using var entered = await gates.EnterAsync(name, cancellationToken);
        var (directory, begun) = (volumes.DirectoryOf(name), Path.Combine(volumes.PlaceOf(name), "filling"));
        if (!File.Exists(begun) && Directory.EnumerateFileSystemEntries(directory).Any())
        {
            return;
        }

        await useAsync(async files =>
        {
            var source = ScopedPath.Resolve(files.Root, path);
            if (Directory.Exists(source))
            {
                await CopyAsync(source, directory, begun, cancellationToken);
            }
        });
    }

    // The note is on disk before the first file, and goes when the last one is.
    private static async Task CopyAsync(string source, string directory, string begun, CancellationToken cancellationToken)
    {
        if (!File.Exists(begun))
        {
            RecordFile.Write(begun, new { From = source });
        }

        await ThisMachine.Commands.DoAsync("flock", [begun, "cp", "-a", source + "/.", directory], cancellationToken, limit: CopyLimit);
        // cp leaves a directory's sticky bit as it is.
        File.SetUnixFileMode(directory, File.GetUnixFileMode(source));
        await ThisMachine.Commands.DoAsync("sync", ["-f", directory], cancellationToken, limit: FlushLimit);
        File.Delete(begun);
    }
}
