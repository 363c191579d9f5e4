using System.Collections.Concurrent;
using Flotilla.Node.Containerd;
using Flotilla.Node.Linux;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>
/// The files of an image, read-only. The runtime pulls it; containerd's own tool mounts a view of it, as CRI of the versions
/// in use cannot.
/// </summary>
internal sealed class ImageVolumes(NodeOptions options, ImagePuller images) : IVolumeKind
{
    private const string Plugin = "image";
    private readonly ConcurrentDictionary<string, PullHistory> pulls = new(StringComparer.Ordinal);

    public bool Serves(VolumeRequest request) => request.Persistent is null && request.Volume.Image is not null;

    public async Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var path = request.DirectoryIn(options, Plugin);
        if (!FileStatus.IsMountPoint(path))
        {
            var id = await PullAsync(request, cancellationToken);
            Directory.CreateDirectory(path);
            await RunAsync(["images", "mount", id, path], cancellationToken);
        }
        return new MountedVolume(path) { IsReadOnly = true };
    }

    public async Task UnmountAsync(string podUid, CancellationToken cancellationToken)
    {
        pulls.TryRemove(podUid, out _);
        var directory = Path.Combine(PodDirectories.Of(options, podUid), "volumes", "kubernetes.io~" + Plugin);
        if (!Directory.Exists(directory))
        {
            return;
        }
        foreach (var path in Directory.EnumerateDirectories(directory))
        {
            Mounts.UnmountBelow(path);
            await RunAsync(["snapshots", "remove", path], cancellationToken, isGoneFine: true);
        }
    }

    private async Task<string> PullAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var source = request.Volume.Image;
        var wanted = new V1Container { Name = request.Volume.Name, Image = source.Reference, ImagePullPolicy = source.PullPolicy };
        try
        {
            var history = pulls.GetOrAdd(request.Pod.Metadata.Uid, _ => new PullHistory());
            return (await images.EnsureAsync(request.Pod, wanted, history, cancellationToken)).Id;
        }
        catch (ContainerException failure)
        {
            throw new VolumeException($"{failure.Reason}: {failure.Message}", failure);
        }
    }

    private async Task RunAsync(IReadOnlyList<string> arguments, CancellationToken cancellationToken, bool isGoneFine = false)
    {
        string[] all = ["--address", options.RuntimeSocket, "--namespace", "k8s.io", .. arguments];
        var result = await Command.RunAsync(options.CtrBinary, all, null, cancellationToken);
        if (result.ExitCode != 0 && !(isGoneFine && result.Explanation.Contains("not found", StringComparison.Ordinal)))
        {
            throw new VolumeException(result.Explanation);
        }
    }
}
