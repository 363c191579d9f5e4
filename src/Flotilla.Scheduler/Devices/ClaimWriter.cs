using System.Text.Json;
using Flotilla.Api;
using Flotilla.Api.Pods;
using Flotilla.Client;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Devices;

/// <summary>Writes allocations and reservations into claims, against the newest version of each.</summary>
internal sealed class ClaimWriter(IObjectClient client)
{
    private const int Attempts = 5;

    /// <summary>Allocates the claim, unless somebody was faster, and reserves it for the pod.</summary>
    public async Task<string?> BindAsync(ObjectKey key, V1AllocationResult? allocation, PodInfo pod, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await TryBindAsync(key, allocation, pod, cancellationToken);
            }
            catch (ApiException conflict) when (conflict.IsConflict && attempt < Attempts)
            {
                // Somebody else changed the claim: look at it again.
                continue;
            }
        }
    }

    /// <summary>Gives an allocated claim that nobody else uses back, so that it can be allocated elsewhere.</summary>
    public async Task ReleaseAsync(Resourcev1ResourceClaim claim, CancellationToken cancellationToken)
    {
        var copy = Copy(claim);
        copy.Status.Allocation = null;
        copy.Status.ReservedFor = null;
        copy.Status.Devices = null;
        await client.UpdateStatusAsync(copy, cancellationToken);
    }

    /// <summary>Removes a claim that the scheduler has made itself, with what protects it.</summary>
    public async Task DeleteAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var claim = Copy(await client.GetAsync<Resourcev1ResourceClaim>(key, cancellationToken));
                if (claim.Metadata.Finalizers?.Remove(PodDeviceClaims.Protection) == true)
                {
                    await client.UpdateAsync(claim, cancellationToken);
                }

                await client.DeleteAsync<Resourcev1ResourceClaim>(key, new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = claim.Metadata.Uid } }, cancellationToken);
                return;
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                return;
            }
            catch (ApiException conflict) when (conflict.IsConflict && attempt < Attempts)
            {
                // Somebody else changed the claim: look at it again.
            }
        }
    }

    /// <summary>Makes the claim for a pod's extended resources, allocated and reserved, and notes it in the pod.</summary>
    /// <returns>The claim; or why it cannot be had.</returns>
    public async Task<(ObjectKey Key, string? Problem)> CreateAsync(ExtendedClaim.Variant variant, V1AllocationResult allocation, PodInfo pod, CancellationToken cancellationToken)
    {
        var created = await client.CreateAsync(variant.Claim, cancellationToken);
        var key = new ObjectKey(pod.Namespace, created.Metadata.Name);
        try
        {
            var problem = await BindAsync(key, allocation, pod, cancellationToken);
            if (problem is null)
            {
                await NoteAsync(created.Metadata.Name, variant, pod, cancellationToken);
                return (key, null);
            }

            await DeleteAsync(key, cancellationToken);
            return (key, problem);
        }
        catch (ApiException)
        {
            await DeleteAsync(key, cancellationToken);
            throw;
        }
    }

    private Task NoteAsync(string claim, ExtendedClaim.Variant variant, PodInfo pod, CancellationToken cancellationToken)
    {
        var mappings = variant.Mappings.Select(mapping => new { containerName = mapping.ContainerName, resourceName = mapping.ResourceName, requestName = mapping.RequestName });
        var patch = new { metadata = new { uid = pod.Uid }, status = new { extendedResourceClaimStatus = new { resourceClaimName = claim, requestMappings = mappings } } };
        return client.PatchAsync<V1Pod>(pod.Key, new Patch(PatchKind.StrategicMerge, JsonSerializer.SerializeToUtf8Bytes(patch)), "status", cancellationToken);
    }

    private async Task<string?> TryBindAsync(ObjectKey key, V1AllocationResult? allocation, PodInfo pod, CancellationToken cancellationToken)
    {
        var claim = Copy(await client.GetAsync<Resourcev1ResourceClaim>(key, cancellationToken));
        if (claim.Metadata.DeletionTimestamp is not null)
        {
            return $"claim {claim.Metadata.Name} got deleted in the meantime";
        }

        claim.Status ??= new V1ResourceClaimStatus();
        if (allocation is not null && claim.Status.Allocation is not null)
        {
            return $"claim {claim.Metadata.Name} got allocated elsewhere in the meantime";
        }

        if (allocation is null && claim.Status.Allocation is null)
        {
            return $"claim {claim.Metadata.Name} got deallocated elsewhere in the meantime";
        }

        if (allocation is not null)
        {
            if (claim.Metadata.Finalizers?.Contains(PodDeviceClaims.Protection) != true)
            {
                claim.Metadata.Finalizers = [.. claim.Metadata.Finalizers ?? [], PodDeviceClaims.Protection];
                claim = Copy(await client.UpdateAsync(claim, cancellationToken));
                claim.Status ??= new V1ResourceClaimStatus();
            }

            claim.Status.Allocation = allocation;
        }

        if (!PodClaims.IsReservedFor(claim, pod))
        {
            claim.Status.ReservedFor = [.. claim.Status.ReservedFor ?? [], new V1ResourceClaimConsumerReference { Resource = "pods", Name = pod.Key.Name, Uid = pod.Uid }];
        }

        await client.UpdateStatusAsync(claim, cancellationToken);
        return null;
    }

    private static Resourcev1ResourceClaim Copy(Resourcev1ResourceClaim claim) => ObjectJson.Decode<Resourcev1ResourceClaim>(ObjectJson.Encode(claim));
}
