using System.Text.RegularExpressions;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>
/// What becomes of a volume whose claim is gone. Volumes that a provisioner made are that provisioner's to delete;
/// of the others only directories below /tmp are, as upstream has it.
/// </summary>
internal sealed partial class VolumeReclaim(IObjectClient client, VolumeWriter writer, Recycler recycler)
{
    public Task ReclaimAsync(V1PersistentVolume volume, CancellationToken cancellationToken) => volume.Spec.PersistentVolumeReclaimPolicy switch
    {
        "Retain" => Task.CompletedTask,
        "Recycle" => recycler.RecycleAsync(volume, cancellationToken),
        "Delete" => DeleteAsync(volume, cancellationToken),
        _ => writer.FailAsync(volume, "VolumeUnknownReclaimPolicy", "Volume has unrecognized PersistentVolumeReclaimPolicy", cancellationToken),
    };

    private async Task DeleteAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (IsOthers(volume))
        {
            return;
        }
        if (volume.Spec.HostPath is not { } host)
        {
            await writer.FailAsync(volume, "VolumeFailedDelete", $"error getting deleter volume plugin for volume \"{volume.Metadata.Name}\": no deletable volume plugin matched", cancellationToken);
            return;
        }
        if (!Temporary().IsMatch(host.Path) || host.Path.Split('/').Contains("..", StringComparer.Ordinal))
        {
            await writer.FailAsync(volume, "VolumeFailedDelete", $"host_path deleter only supports /tmp/.+ but received provided {host.Path}", cancellationToken);
            return;
        }
        if (Directory.Exists(host.Path))
        {
            Directory.Delete(host.Path, recursive: true);
        }
        var same = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = volume.Metadata.Uid } };
        await client.DeleteAsync<V1PersistentVolume>(volume.Key(), same, cancellationToken);
    }

    // CSI volumes without a provisioner's name are left to whoever runs the driver as well.
    private static bool IsOthers(V1PersistentVolume volume) =>
        volume.Metadata.Annotation(VolumeAnnotations.ProvisionedBy) is { } provisioner && !provisioner.StartsWith("kubernetes.io/", StringComparison.Ordinal);

    [GeneratedRegex("^/tmp/.+$", RegexOptions.None, 1000)]
    private static partial Regex Temporary();
}
