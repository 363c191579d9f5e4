using Flotilla.Node.Pods;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>Disks over a network of their own: the node has no initiator for them, and says what it takes instead.</summary>
internal sealed class NetworkDisks : IVolumeKind
{
    public bool Serves(VolumeRequest request) => Missing(request) is not null;

    public Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken) => throw new VolumeException(
        $"{Missing(request)} on this node; a storage driver (CSI) that brings its own, registered with the node, can serve the same disk");

    private static string? Missing(VolumeRequest request) => (request.Persistent?.Spec, request.Volume) switch
    {
        ({ Iscsi: not null }, _) or (_, { Iscsi: not null }) => "iSCSI volumes need an initiator (iscsid), which is not used",
        ({ Fc: not null }, _) or (_, { Fc: not null }) => "Fibre Channel volumes need a host adapter and multipathing, which are not used",
        _ => null,
    };
}
