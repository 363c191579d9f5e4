using System.Text.Json;
using Flotilla.Api.Pods;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes.Kinds;

/// <summary>
/// Directories of the machine's named volumes, for pods that ask for them by <see cref="PodAnnotations.NamedVolumes"/>. They are made ready when a
/// container starts, which is when its image is there: an empty volume begins with the image's files.
/// </summary>
/// <param name="store">null: the machine has none, and such directories are like any other.</param>
internal sealed class NamedVolumes(INamedVolumes? store) : IVolumeKind
{
    public bool Serves(VolumeRequest request) => request.Persistent is null && WantedIn(request.Pod, request.Volume) is not null;

    public Task<MountedVolume> MountAsync(VolumeRequest request, CancellationToken cancellationToken) =>
        Task.FromResult(new MountedVolume(request.HostPath!.Path) { IsReadOnly = request.IsReadOnly });

    public Task UnmountAsync(string podUid, CancellationToken cancellationToken) => store?.ReleaseAsync(podUid, cancellationToken) ?? Task.CompletedTask;

    /// <param name="image">The container's, by its id.</param>
    /// <exception cref="VolumeException">A volume cannot be had.</exception>
    public async Task PrepareAsync(V1Pod pod, V1Container container, string image, CancellationToken cancellationToken)
    {
        foreach (var mount in container.VolumeMounts ?? [])
        {
            if (pod.Spec.Volumes?.FirstOrDefault(volume => volume.Name == mount.Name) is not { } volume || WantedIn(pod, volume) is not { } wanted)
            {
                continue;
            }
            await store!.HoldAsync(pod.Metadata.Uid, wanted.Name, wanted.Volume, cancellationToken);
            if (!wanted.Volume.NoCopy && string.IsNullOrEmpty(mount.SubPath) && string.IsNullOrEmpty(mount.SubPathExpr))
            {
                await store.FillAsync(wanted.Name, image, mount.MountPath, cancellationToken);
            }
        }
    }

    /// <summary>Pods that ended while no agent ran hold nothing any more.</summary>
    /// <param name="known">Asked after the holders: who comes meanwhile is among them.</param>
    public async Task ReleaseUnknownAsync(Func<IReadOnlySet<string>> known, CancellationToken cancellationToken)
    {
        var holders = store?.HoldingPods ?? [];
        foreach (var uid in holders.Except(known(), StringComparer.Ordinal))
        {
            await store!.ReleaseAsync(uid, cancellationToken);
        }
    }

    private (string Name, NamedVolume Volume)? WantedIn(V1Pod pod, V1Volume volume)
    {
        if (volume.HostPath is not { } host || store?.NameOf(host.Path) is not { } name || pod.GetAnnotation(PodAnnotations.NamedVolumes) is not { } text)
        {
            return null;
        }
        try
        {
            return NamedVolume.Read(text).TryGetValue(volume.Name, out var wanted) ? (name, wanted) : null;
        }
        catch (JsonException wrong)
        {
            throw new VolumeException($"annotation {PodAnnotations.NamedVolumes}: {wrong.Message}", wrong);
        }
    }
}
