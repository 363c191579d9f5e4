using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.StatefulSets;

/// <summary>
/// The claims of numbered pods. They outlive the pods, and the set too, unless its retention policy says otherwise:
/// then they belong to the set, or to a pod that is beyond its range, and are collected with it.
/// </summary>
internal sealed class ClaimKeeper(IObjectClient client, Informer<V1PersistentVolumeClaim> claims, EventRecorder events)
{
    /// <returns>false: a claim is still on its way out with the pod that had this number before.</returns>
    public async Task<bool> CreateAsync(V1StatefulSet set, int ordinal, CancellationToken cancellationToken)
    {
        var wanted = StatefulPods.ClaimsFor(set, ordinal).ToList();
        var pod = StatefulPods.NameOf(set, ordinal);
        if (wanted.Exists(claim => claims.Get(claim.Key()) is { } known && ClaimOwners.IsOfEarlierPod(known, pod)))
        {
            return false;
        }

        foreach (var claim in wanted)
        {
            await CreateAsync(set, pod, claim, cancellationToken);
        }

        return true;
    }

    /// <summary>Makes up for claims that waiting pods miss, and gives all of them the owners that the policy asks for.</summary>
    public async Task KeepAsync(V1StatefulSet set, IReadOnlyCollection<V1Pod> pods, CancellationToken cancellationToken)
    {
        if (set.IsDeleting() || set.Spec.VolumeClaimTemplates is not { Count: > 0 })
        {
            return;
        }

        foreach (var pod in pods)
        {
            if (StatefulPods.OrdinalOf(set, pod) is { } ordinal)
            {
                await KeepAsync(set, pod, ordinal, cancellationToken);
            }
        }
    }

    private async Task KeepAsync(V1StatefulSet set, V1Pod pod, int ordinal, CancellationToken cancellationToken)
    {
        foreach (var wanted in StatefulPods.ClaimsFor(set, ordinal))
        {
            if (claims.Get(wanted.Key()) is { } known)
            {
                await SetOwnersAsync(set, pod, ordinal, known, cancellationToken);
            }
            else if (pod.Status?.Phase == "Pending" && !pod.IsDeleting())
            {
                await CreateAsync(set, pod.Metadata.Name, wanted, cancellationToken);
            }
        }
    }

    private async Task SetOwnersAsync(V1StatefulSet set, V1Pod pod, int ordinal, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (ClaimOwners.For(set, pod, StatefulSetPlan.IsInRange(set, ordinal), claim) is not { } owners)
        {
            return;
        }

        try
        {
            await client.UpdateAsync(
                claim with { ApiVersion = "v1", Kind = "PersistentVolumeClaim", Metadata = claim.Metadata with { OwnerReferences = owners } }, cancellationToken);
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            // As good.
        }
    }

    private async Task CreateAsync(V1StatefulSet set, string pod, V1PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (claims.Get(claim.Key()) is not null)
        {
            return; // From an earlier pod of this number, whose data this one takes over.
        }

        try
        {
            await client.CreateAsync(claim, cancellationToken);
            events.Record(set, "Normal", "SuccessfulCreate", $"Create Claim {claim.Metadata.Name} Pod {pod} in StatefulSet {set.Metadata.Name} success");
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            // The cache did not know it yet.
        }
        catch (ApiException refused)
        {
            events.Record(
                set, "Warning", "FailedCreate",
                $"Create Claim {claim.Metadata.Name} for Pod {pod} in StatefulSet {set.Metadata.Name} failed error: {refused.Message}");
            throw;
        }
    }
}
