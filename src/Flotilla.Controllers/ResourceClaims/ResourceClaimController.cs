using System.Text.Json;
using Flotilla.Api;
using Flotilla.Api.Pods;
using Flotilla.Client;
using k8s.Models;

namespace Flotilla.Controllers.ResourceClaims;

/// <summary>
/// Makes the claims that pods want from templates, and ends reservations of pods that are done, so that the devices
/// are free again. Keys are those of pods; a claim brings the pods it is reserved for.
/// </summary>
internal sealed class ResourceClaimController : Controller
{
    private const string ClaimPrefix = "claim:";

    private readonly Informer<V1Pod> pods;
    private readonly Informer<Resourcev1ResourceClaim> claims;
    private readonly Informer<V1ResourceClaimTemplate> templates;
    private readonly RecentWrites<Resourcev1ResourceClaim> writes;

    public ResourceClaimController(ControllerContext context)
        : base(context, "resource_claim", workers: 10)
    {
        pods = Watch<V1Pod>();
        pods.Subscribe(PodChanged);
        claims = Watch<Resourcev1ResourceClaim>();
        claims.AddOwnerIndexes();
        claims.Subscribe(change => Queue.Add(KeyOf(change.Latest)));
        writes = new RecentWrites<Resourcev1ResourceClaim>(claims, context.Time);
        templates = Watch<V1ResourceClaimTemplate>();
        templates.Subscribe(change =>
        {
            foreach (var pod in pods.List(change.Latest.Metadata.NamespaceProperty).Where(pod => Wants(pod, change.Latest.Metadata.Name)))
            {
                Queue.Add(pod.Key());
            }
        });
    }

    protected override Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken) =>
        key.Name.StartsWith(ClaimPrefix, StringComparison.Ordinal)
            ? ReconcileClaimAsync(new ObjectKey(key.Namespace, key.Name[ClaimPrefix.Length..]), cancellationToken)
            : ReconcilePodAsync(key, cancellationToken);

    private async Task ReconcilePodAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (pods.Get(key) is not { } pod || pod.IsDeleting() || PodClaims.IsDone(pod))
        {
            return;
        }

        var made = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var wanted in (pod.Spec.ResourceClaims ?? []).Where(claim => claim.ResourceClaimTemplateName is not null))
        {
            if (!PodDeviceClaims.TryGetName(pod, wanted, out _) && await MakeAsync(pod, wanted, cancellationToken) is { } name)
            {
                made[wanted.Name] = name;
            }
        }

        if (made.Count > 0)
        {
            await NoteAsync(pod, made, cancellationToken);
        }
    }

    private async Task<string?> MakeAsync(V1Pod pod, V1PodResourceClaim wanted, CancellationToken cancellationToken)
    {
        var known = writes.Over(claims.ControlledBy(pod), claim => PodClaims.IsOf(claim, pod)).Find(claim => PodClaims.PodClaimOf(claim) == wanted.Name);
        if (known is not null)
        {
            return known.Metadata.Name;
        }

        if (templates.Get(new ObjectKey(pod.Metadata.NamespaceProperty, wanted.ResourceClaimTemplateName)) is not { } template)
        {
            var missing = $"resource claim template \"{wanted.ResourceClaimTemplateName}\": resourceclaimtemplate.resource.k8s.io \"{wanted.ResourceClaimTemplateName}\" not found";
            Events.Record(pod, "Warning", "FailedResourceClaimCreation", $"PodResourceClaim {wanted.Name}: {missing}");
            return null;
        }

        try
        {
            return writes.Wrote(await Client.CreateAsync(PodClaims.New(pod, wanted.Name, template), cancellationToken)).Metadata.Name;
        }
        catch (ApiException refused) when (!refused.IsNamespaceEnding())
        {
            Events.Record(pod, "Warning", "FailedResourceClaimCreation", $"PodResourceClaim {wanted.Name}: {refused.Message}");
            throw;
        }
    }

    private async Task NoteAsync(V1Pod pod, Dictionary<string, string> made, CancellationToken cancellationToken)
    {
        var statuses = made.Select(pair => new { name = pair.Key, resourceClaimName = pair.Value });
        var patch = JsonSerializer.SerializeToUtf8Bytes(new { metadata = new { uid = pod.Metadata.Uid }, status = new { resourceClaimStatuses = statuses } });
        try
        {
            await Client.PatchAsync<V1Pod>(pod.Key(), new Patch(PatchKind.StrategicMerge, patch), "status", cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // The claim goes with the pod that owns it.
        }
    }

    /// <summary>Frees it when nobody who reserved it is left, and removes it with the pod it was made for.</summary>
    private async Task ReconcileClaimAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (claims.Get(key) is not { } cached)
        {
            return;
        }

        var claim = writes.Newest(cached);
        var reserved = claim.Status?.ReservedFor ?? [];
        var left = new List<V1ResourceClaimConsumerReference>();
        foreach (var consumer in reserved)
        {
            if (await IsAliveAsync(key.Namespace!, consumer, cancellationToken))
            {
                left.Add(consumer);
            }
        }

        claim = await FreeAsync(claim, left, cancellationToken);
        if (left.Count == 0 && claim.Controller() is { Kind: "Pod" } owner
            && pods.Get(new ObjectKey(key.Namespace, owner.Name)) is { } pod && pod.Metadata.Uid == owner.Uid && PodClaims.IsDone(pod) && !claim.IsDeleting())
        {
            await DeleteAsync(claim, cancellationToken);
        }
    }

    // What protects devices in use from the claim's deletion goes with their use.
    private async Task<Resourcev1ResourceClaim> FreeAsync(Resourcev1ResourceClaim claim, List<V1ResourceClaimConsumerReference> left, CancellationToken cancellationToken)
    {
        var (isFreed, isLeaving) = (left.Count < (claim.Status?.ReservedFor?.Count ?? 0), left.Count == 0 && claim.IsDeleting());
        if (isFreed || (isLeaving && claim.Status?.Allocation is not null))
        {
            claim = writes.Wrote(await Client.UpdateStatusAsync(Typed(claim) with { Status = PodClaims.Left(claim.Status!, left) }, cancellationToken));
        }

        return (isFreed || isLeaving) && claim.Status?.Allocation is null && PodClaims.WithoutProtection(claim) is { } open
            ? writes.Wrote(await Client.UpdateAsync(Typed(open), cancellationToken))
            : claim;
    }

    private static Resourcev1ResourceClaim Typed(Resourcev1ResourceClaim claim) => claim with { ApiVersion = "resource.k8s.io/v1", Kind = "ResourceClaim" };

    private async Task<bool> IsAliveAsync(string ns, V1ResourceClaimConsumerReference consumer, CancellationToken cancellationToken)
    {
        if (consumer.Resource != "pods" || !string.IsNullOrEmpty(consumer.ApiGroup))
        {
            return true; // Only who reserves for others knows when they are done.
        }

        var key = new ObjectKey(ns, consumer.Name);
        if (pods.Get(key) is { } known)
        {
            return known.Metadata.Uid == consumer.Uid && !PodClaims.IsDone(known);
        }

        try
        {
            return (await Client.GetAsync<V1Pod>(key, cancellationToken)).Metadata.Uid == consumer.Uid;
        }
        catch (ApiException gone) when (gone.IsNotFound)
        {
            return false;
        }
    }

    private async Task DeleteAsync(Resourcev1ResourceClaim claim, CancellationToken cancellationToken)
    {
        try
        {
            await Client.DeleteAsync<Resourcev1ResourceClaim>(claim.Key(), new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = claim.Metadata.Uid } }, cancellationToken);
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // Gone, or another one has its name.
        }
    }

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        var pod = change.Latest;
        if (pod.Spec.ResourceClaims is { Count: > 0 })
        {
            Queue.Add(pod.Key());
        }

        foreach (var name in PodClaims.NamesOf(pod))
        {
            Queue.Add(new ObjectKey(pod.Metadata.NamespaceProperty, ClaimPrefix + name));
        }
    }

    private static bool Wants(V1Pod pod, string template) => pod.Spec.ResourceClaims?.Any(claim => claim.ResourceClaimTemplateName == template) == true;

    private static ObjectKey KeyOf(Resourcev1ResourceClaim claim) => new(claim.Metadata.NamespaceProperty, ClaimPrefix + claim.Metadata.Name);
}
