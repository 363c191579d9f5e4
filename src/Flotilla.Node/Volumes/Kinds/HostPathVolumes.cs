using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>A path of the node itself, as it is: neither its owner nor its mode is touched.</summary>
internal sealed class HostPathVolumes : IVolumeKind
{
    public bool Serves(VolumeRequest request) => request.HostPath is not null;

    public Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken)
    {
        var host = request.HostPath!;
        HostPathCheck.Ensure(host.Path, host.Type);
        return Task.FromResult(new MountedVolume(host.Path) { IsReadOnly = request.IsReadOnly });
    }
}
