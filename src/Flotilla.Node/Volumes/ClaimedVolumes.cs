using Flotilla.Api;
using Flotilla.Api.Volumes;
using Flotilla.Client;
using Flotilla.Node.Pods;
using k8s.Models;

namespace Flotilla.Node.Volumes;

/// <summary>Finds the persistent volume behind a pod's claim, and refuses what is not (or not really) the pod's.</summary>
internal sealed class ClaimedVolumes(IObjectClient client)
{
    /// <exception cref="VolumeException">The claim cannot be used now.</exception>
    public async Task<VolumeRequest> ResolveAsync(V1Pod pod, V1Volume volume, CancellationToken cancellationToken)
    {
        if (pod.ClaimName(volume) is not { } name)
        {
            return new VolumeRequest(pod, volume, null, null);
        }
        try
        {
            var claim = await ClaimAsync(pod, volume, name, cancellationToken);
            return new VolumeRequest(pod, volume, await VolumeAsync(claim, cancellationToken), claim);
        }
        catch (VolumeException failure)
        {
            var why = $"error processing PVC {pod.Metadata.NamespaceProperty}/{name}: {failure.Message}";
            throw new VolumeException($"Unable to attach or mount volumes: unmounted volumes=[{volume.Name}], unattached volumes=[], failed to process volumes=[{volume.Name}]: {why}", failure);
        }
    }

    private async Task<V1PersistentVolumeClaim> ClaimAsync(V1Pod pod, V1Volume volume, string name, CancellationToken cancellationToken)
    {
        V1PersistentVolumeClaim claim;
        try
        {
            claim = await client.GetAsync<V1PersistentVolumeClaim>(new ObjectKey(pod.Metadata.NamespaceProperty, name), cancellationToken);
        }
        catch (ApiException failure)
        {
            throw new VolumeException($"failed to fetch PVC from API server: {failure.Message}", failure);
        }
        if (volume.Ephemeral is not null && !claim.IsOf(pod))
        {
            throw new VolumeException($"PVC {claim.Key()} was not created for pod {pod.Key()} (pod is not owner)");
        }
        // A pod that runs keeps what it has; one that is yet to start must not hold a claim that is going.
        if (claim.Metadata.DeletionTimestamp is not null && pod.Status?.Phase is null or "Pending")
        {
            throw new VolumeException("can't start pod because PVC is being deleted");
        }
        return claim.Status?.Phase == "Bound" && !string.IsNullOrEmpty(claim.Spec.VolumeName) ? claim : throw new VolumeException("PVC is not bound");
    }

    private async Task<V1PersistentVolume> VolumeAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        V1PersistentVolume volume;
        try
        {
            volume = await client.GetAsync<V1PersistentVolume>(new ObjectKey(null, claim.Spec.VolumeName), cancellationToken);
        }
        catch (ApiException failure)
        {
            throw new VolumeException($"failed to fetch PV {claim.Spec.VolumeName} from API server: {failure.Message}", failure);
        }
        return volume.Spec.ClaimRef?.Uid == claim.Metadata.Uid
            ? volume
            : throw new VolumeException($"found PV object {claim.Spec.VolumeName} with unexpected claimRef {volume.Spec.ClaimRef?.Uid}; expected {claim.Metadata.Uid}");
    }
}
