using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.PersistentVolumes;

/// <summary>Writes claims and volumes, if they change at all, and remembers what was written until the caches show it.</summary>
internal sealed class VolumeWriter(
    IObjectClient client, RecentWrites<V1PersistentVolumeClaim> claims, RecentWrites<V1PersistentVolume> volumes, EventRecorder events, TimeProvider time)
{
    public async Task<V1PersistentVolumeClaim> WriteAsync(V1PersistentVolumeClaim claim, CancellationToken cancellationToken) =>
        claims.Wrote(await client.UpdateAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim" }, cancellationToken));

    public async Task<V1PersistentVolume> WriteAsync(V1PersistentVolume volume, CancellationToken cancellationToken) =>
        volumes.Wrote(await client.UpdateAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume" }, cancellationToken));

    /// <returns>Whether the phase changed.</returns>
    public async Task<bool> SetStatusAsync(V1PersistentVolumeClaim claim, string phase, V1PersistentVolume? volume, CancellationToken cancellationToken)
    {
        var status = ClaimStatusRules.For(claim, phase, volume);
        if (!ObjectJson.Encode(status).AsSpan().SequenceEqual(ObjectJson.Encode(claim.Status ?? new V1PersistentVolumeClaimStatus())))
        {
            claims.Wrote(await client.UpdateStatusAsync(claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Status = status }, cancellationToken));
        }
        return claim.Status?.Phase != phase;
    }

    public async Task<V1PersistentVolume> SetPhaseAsync(V1PersistentVolume volume, string phase, string? message, CancellationToken cancellationToken)
    {
        if (volume.Status?.Phase == phase)
        {
            return volume;
        }
        var status = (volume.Status ?? new V1PersistentVolumeStatus()) with { Phase = phase, Message = message, LastPhaseTransitionTime = time.GetUtcNow().UtcDateTime };
        return volumes.Wrote(await client.UpdateStatusAsync(volume with { ApiVersion = "v1", Kind = "PersistentVolume", Status = status }, cancellationToken));
    }

    /// <summary>With an event that says why, once for each turn of the phase.</summary>
    public async Task FailAsync(V1PersistentVolume volume, string reason, string message, CancellationToken cancellationToken)
    {
        if (volume.Status?.Phase != "Failed")
        {
            events.Record(volume, "Warning", reason, message);
        }
        await SetPhaseAsync(volume, "Failed", message, cancellationToken);
    }
}
