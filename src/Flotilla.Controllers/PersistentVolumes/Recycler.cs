using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>
/// Empties a released volume by a pod that deletes its files, then frees the volume. One pod per volume, by name,
/// so that a restart finds it again.
/// </summary>
internal sealed class Recycler(IObjectClient client, Informer<V1Pod> pods, VolumeWriter writer, EventRecorder events)
{
    private const string Namespace = "default";
    private const string Image = "registry.k8s.io/build-image/debian-base:bookworm-v1.0.6";

    private const string Script =
        "test -e /scrub && find /scrub -mindepth 1 -delete && test -z \"$(ls -A /scrub)\" || exit 1";

    /// <summary>The volume that a recycling pod works for; null: it is another pod.</summary>
    public static string? VolumeOf(V1Pod pod) =>
        pod.Metadata.NamespaceProperty == Namespace && pod.Metadata.Name.StartsWith("recycler-for-", StringComparison.Ordinal)
            ? pod.Metadata.Name["recycler-for-".Length..]
            : null;

    public async Task RecycleAsync(V1PersistentVolume volume, CancellationToken cancellationToken)
    {
        if (volume.Spec.HostPath is null && volume.Spec.Nfs is null)
        {
            await writer.FailAsync(volume, "VolumeFailedRecycle", "No recycler plugin found for the volume!", cancellationToken);
            return;
        }
        var key = new ObjectKey(Namespace, $"recycler-for-{volume.Metadata.Name}");
        if (pods.Get(key) is not { } pod)
        {
            await CreateAsync(volume, key, cancellationToken);
            return;
        }
        if (pod.Status?.Phase is not ("Succeeded" or "Failed"))
        {
            return;
        }
        await client.DeleteAsync<V1Pod>(key, new V1DeleteOptions { GracePeriodSeconds = 0 }, cancellationToken);
        if (pod.Status.Phase == "Failed")
        {
            var why = pod.Status.Message is { Length: > 0 } message ? message : "pod failed, pod.Status.Message unknown";
            await writer.FailAsync(volume, "VolumeFailedRecycle", $"Recycle failed: {why}", cancellationToken);
            return;
        }
        events.Record(volume, "Normal", "VolumeRecycled", "Volume recycled");
        await writer.WriteAsync(VolumeBond.Without(volume), cancellationToken);
    }

    private async Task CreateAsync(V1PersistentVolume volume, ObjectKey key, CancellationToken cancellationToken)
    {
        try
        {
            await client.CreateAsync(PodFor(volume, key), cancellationToken);
            events.Record(volume, "Normal", "RecyclerPod", "Recycler pod: created");
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // The cache lags behind; its change brings the volume back here.
        }
    }

    private static V1Pod PodFor(V1PersistentVolume volume, ObjectKey key) => new()
    {
        ApiVersion = "v1",
        Kind = "Pod",
        Metadata = new V1ObjectMeta { Name = key.Name, NamespaceProperty = key.Namespace },
        Spec = new V1PodSpec
        {
            ActiveDeadlineSeconds = 60,
            RestartPolicy = "Never",
            Volumes = [new V1Volume { Name = "vol", HostPath = volume.Spec.HostPath, Nfs = volume.Spec.Nfs }],
            Affinity = volume.Spec.NodeAffinity?.Required is { } nodes
                ? new V1Affinity { NodeAffinity = new V1NodeAffinity { RequiredDuringSchedulingIgnoredDuringExecution = nodes } }
                : null,
            Containers =
            [
                new V1Container
                {
                    Name = "pv-recycler",
                    Image = Image,
                    Command = ["/bin/sh"],
                    Args = ["-c", Script],
                    VolumeMounts = [new V1VolumeMount { Name = "vol", MountPath = "/scrub" }],
                },
            ],
        },
    };
}
