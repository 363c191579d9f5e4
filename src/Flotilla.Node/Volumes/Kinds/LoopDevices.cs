using Flotilla.Node.Containerd;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>
/// Files as block devices. Each pod that uses one keeps a note of it in its own directory, so that the last one to go lets the
/// device go, also after a restart. By then the device may be another file's: it is let go only if it still is the noted one's.
/// </summary>
internal sealed class LoopDevices(NodeOptions options)
{
    private const string Folder = "volumeDevices/kubernetes.io~local-volume";

    // Two pods of one volume must not attach it twice.
    private readonly SemaphoreSlim gate = new(1, 1);

    public async Task<string> AttachAsync(VolumeRequest request, string file, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            var device = await FindAsync(file, cancellationToken) ?? await RunAsync(["--find", "--show", file], cancellationToken);
            // The file may have grown.
            await RunAsync(["--set-capacity", device], cancellationToken);
            var note = Path.Combine(PodDirectories.Of(options, request.Pod.Metadata.Uid), Folder, request.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(note)!);
            await File.WriteAllLinesAsync(note, [device, file], cancellationToken);
            return device;
        }
        finally
        {
            gate.Release();
        }
    }

    public async Task DetachAsync(string podUid, CancellationToken cancellationToken)
    {
        await gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var (note, device, file) in NotesIn(PodDirectories.Of(options, podUid)).ToList())
            {
                File.Delete(note);
                if (!All().Any(other => other.File == file))
                {
                    await LetGoAsync(device, file, cancellationToken);
                }
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>Whatever pods use; their notes stay, for they may run again.</summary>
    public async Task DetachAllAsync(CancellationToken cancellationToken)
    {
        foreach (var (_, device, file) in All().DistinctBy(note => note.File, StringComparer.Ordinal))
        {
            await LetGoAsync(device, file, cancellationToken);
        }
    }

    private IEnumerable<(string Note, string Device, string File)> All() => Directory.Exists(options.PodsDirectory)
        ? Directory.EnumerateDirectories(options.PodsDirectory).SelectMany(NotesIn)
        : [];

    private static IEnumerable<(string Note, string Device, string File)> NotesIn(string pod)
    {
        var folder = Path.Combine(pod, Folder);
        foreach (var note in Directory.Exists(folder) ? Directory.EnumerateFiles(folder) : [])
        {
            if (File.ReadAllLines(note) is [var device, var file])
            {
                yield return (note, device, file);
            }
        }
    }

    private static async Task LetGoAsync(string device, string file, CancellationToken cancellationToken)
    {
        var backing = $"/sys/block/{Path.GetFileName(device)}/loop/backing_file";
        // The kernel marks a file that was deleted meanwhile.
        if (File.Exists(backing) && (await File.ReadAllTextAsync(backing, cancellationToken)).Trim().Replace(" (deleted)", "", StringComparison.Ordinal) == file)
        {
            await RunAsync(["--detach", device], cancellationToken);
        }
    }

    private static async Task<string?> FindAsync(string file, CancellationToken cancellationToken)
    {
        var output = await RunAsync(["--associated", file, "--output", "NAME", "--noheadings"], cancellationToken);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).FirstOrDefault()?.Trim();
    }

    private static async Task<string> RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken)
    {
        var result = await Command.RunAsync("losetup", arguments, null, cancellationToken);
        return result.ExitCode == 0 ? result.Output.Trim() : throw new VolumeException($"losetup {string.Join(' ', arguments)}: {result.Explanation}");
    }
}
