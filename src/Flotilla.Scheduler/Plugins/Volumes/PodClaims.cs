using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins.Volumes;

/// <summary>A pod's claims sorted by what the scheduler has to do about them; a note of its cycle.</summary>
/// <param name="Bound">With the names of their volumes.</param>
/// <param name="Waiting">Get a volume where the pod goes.</param>
internal sealed record PodClaims(IReadOnlyList<(V1PersistentVolumeClaim Claim, string Volume)> Bound, IReadOnlyList<V1PersistentVolumeClaim> Waiting)
{
    /// <summary>What was found out for each node that passed.</summary>
    public Dictionary<string, NodeVolumes> ByNode { get; } = new(StringComparer.Ordinal);

    /// <summary>Whether its claims allow a pod to run at all by now. Fits with null: it has none.</summary>
    public static (Verdict Verdict, PodClaims? Claims) Of(PodInfo pod, VolumeCatalog catalog)
    {
        List<(V1PersistentVolumeClaim, string)> bound = [];
        List<V1PersistentVolumeClaim> waiting = [];
        var immediate = false;
        foreach (var volume in pod.Pod.Spec.Volumes ?? [])
        {
            if (pod.Pod.ClaimName(volume) is not { } name)
            {
                continue;
            }

            if (catalog.Claim(new ObjectKey(pod.Namespace, name)) is not { } claim)
            {
                return (Verdict.Never(Missing(volume, name)), null);
            }

            if (Unusable(pod, volume, claim) is { } why)
            {
                return (Verdict.Never(why), null);
            }

            if (IsBound(claim))
            {
                bound.Add((claim, claim.Spec.VolumeName));
            }
            else if (string.IsNullOrEmpty(claim.Spec.VolumeName) && catalog.ClassOf(claim).WaitsForConsumer())
            {
                waiting.Add(claim);
            }
            else
            {
                immediate = true;
            }
        }

        return immediate ? (Verdict.Never("pod has unbound immediate PersistentVolumeClaims"), null)
            : bound.Count + waiting.Count == 0 ? (Verdict.Fits, null)
            : (Verdict.Fits, new PodClaims(bound, waiting));
    }

    public static bool IsBound(V1PersistentVolumeClaim claim) =>
        !string.IsNullOrEmpty(claim.Spec.VolumeName) && VolumeAnnotations.Has(claim.Metadata.Annotations, VolumeAnnotations.BindCompleted);

    private static string Missing(V1Volume volume, string name) => volume.Ephemeral is null
        ? $"persistentvolumeclaim \"{name}\" not found"
        : $"waiting for ephemeral volume controller to create the persistentvolumeclaim \"{name}\"";

    private static string? Unusable(PodInfo pod, V1Volume volume, V1PersistentVolumeClaim claim) =>
        claim.Status?.Phase == "Lost" ? $"persistentvolumeclaim \"{claim.Metadata.Name}\" bound to non-existent persistentvolume \"{claim.Spec.VolumeName}\""
        : claim.Metadata.DeletionTimestamp is not null ? $"persistentvolumeclaim \"{claim.Metadata.Name}\" is being deleted"
        : volume.Ephemeral is not null && !claim.IsOf(pod.Pod) ? $"PVC {pod.Namespace}/{claim.Metadata.Name} was not created for pod {pod.Key} (pod is not owner)"
        : null;
}

/// <param name="Matches">Volumes at hand that claims get.</param>
/// <param name="Provisions">Claims for which a volume is to be made on the node.</param>
internal sealed record NodeVolumes(IReadOnlyList<(V1PersistentVolumeClaim Claim, V1PersistentVolume Volume)> Matches, IReadOnlyList<V1PersistentVolumeClaim> Provisions)
{
    public static readonly NodeVolumes Nothing = new([], []);
}
