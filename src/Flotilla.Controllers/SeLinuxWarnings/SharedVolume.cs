using Flotilla.Api.Volumes;
using k8s.Models;

namespace Flotilla.Controllers.SeLinuxWarnings;

/// <summary>A volume that pods may share, of the kinds that can be mounted with a label.</summary>
/// <param name="Id">The same for all who use it.</param>
/// <param name="Driver">null: it has none, and can always be mounted with a label.</param>
internal sealed record SharedVolume(string Id, string? Driver)
{
    /// <returns>null: labels are none of its business.</returns>
    public static SharedVolume? From(V1Pod pod, V1Volume volume, V1PersistentVolume? persistent) => (persistent?.Spec, volume) switch
    {
        ({ Csi: { } csi }, _) => new SharedVolume(CsiNames.Unique(csi.Driver, csi.VolumeHandle), csi.Driver),
        ({ Iscsi: { } iscsi }, _) => Iscsi(iscsi.TargetPortal, iscsi.Iqn, iscsi.Lun),
        ({ Fc: { } fc }, _) => Fc(fc),
        (_, { Csi: { } csi }) => new SharedVolume(CsiNames.Unique(csi.Driver, CsiNames.InlineHandle(pod.Metadata.Uid, volume.Name)), csi.Driver),
        (_, { Iscsi: { } iscsi }) => Iscsi(iscsi.TargetPortal, iscsi.Iqn, iscsi.Lun),
        (_, { Fc: { } fc }) => Fc(fc),
        _ => null,
    };

    private static SharedVolume Iscsi(string portal, string iqn, int lun) => new($"kubernetes.io/iscsi/{portal}:{iqn}:{lun}", null);

    private static SharedVolume Fc(V1FCVolumeSource fc) => new(
        fc.TargetWWNs is { Count: > 0 } targets ? $"kubernetes.io/fc/[{string.Join(' ', targets)}]:{fc.Lun}" : $"kubernetes.io/fc/[{string.Join(' ', fc.Wwids ?? [])}]", null);
}
