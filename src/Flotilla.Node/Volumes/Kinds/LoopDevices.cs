using Flotilla.Node.Containerd;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>
/// Files as block devices. Each pod that uses one keeps a link to the device in its own directory, so that the last one
/// to go lets the device go, also after a restart.
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
            var link = Path.Combine(PodDirectories.Of(options, request.Pod.Metadata.Uid), Folder, request.Name);
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            File.Delete(link);
            File.CreateSymbolicLink(link, device);
            return device;
        }
        finally
        {
            gate.Release();
        }
    }

    public async Task DetachAsync(string podUid, CancellationToken cancellationToken)
    {
        var directory = Path.Combine(PodDirectories.Of(options, podUid), Folder);
        if (!Directory.Exists(directory))
        {
            return;
        }
        await gate.WaitAsync(cancellationToken);
        try
        {
            foreach (var link in new DirectoryInfo(directory).EnumerateFiles().Where(link => link.LinkTarget is not null))
            {
                link.Delete();
                if (!DevicesInUse(options).Contains(link.LinkTarget!, StringComparer.Ordinal))
                {
                    await RunAsync(["--detach", link.LinkTarget!], cancellationToken);
                }
            }
        }
        finally
        {
            gate.Release();
        }
    }

    /// <summary>The devices that pods of this node keep.</summary>
    public static IEnumerable<string> DevicesInUse(NodeOptions options) =>
        new DirectoryInfo(options.PodsDirectory).EnumerateDirectories()
            .Select(pod => new DirectoryInfo(Path.Combine(pod.FullName, Folder)))
            .Where(folder => folder.Exists)
            .SelectMany(folder => folder.EnumerateFiles())
            .Select(link => link.LinkTarget)
            .OfType<string>();

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
