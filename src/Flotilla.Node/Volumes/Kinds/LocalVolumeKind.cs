using Flotilla.Node.Linux;
using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>A persistent directory of this node, or a device or file of it as a block volume.</summary>
internal sealed class LocalVolumeKind(LoopDevices loops) : IVolumeKind
{
    public bool Serves(VolumeRequest request) => request.Persistent?.Spec.Local is not null;

    public async Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var path = request.Persistent!.Spec.Local.Path;
        var status = FileStatus.Of(path) ?? throw new VolumeException($"path \"{path}\" does not exist");
        if (request.IsBlock)
        {
            var device = status.Type == FileStatus.BlockDevice ? path : await loops.AttachAsync(request, path, cancellationToken);
            return new MountedVolume(device) { IsBlock = true, IsReadOnly = request.IsReadOnly };
        }
        if (status.Type != FileStatus.Directory)
        {
            throw new VolumeException($"path \"{path}\" is not a directory");
        }
        Ownership.Apply(path, request.Group, request.IsReadOnly, request.ChangesGroupOnMismatchOnly);
        return new MountedVolume(path) { IsReadOnly = request.IsReadOnly };
    }

    public Task UnmountAsync(string podUid, CancellationToken cancellationToken) => loops.DetachAsync(podUid, cancellationToken);
}
