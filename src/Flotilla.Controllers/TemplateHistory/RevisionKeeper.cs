using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;

namespace Flotilla.Controllers.TemplateHistory;

/// <summary>Stores an owner's template revisions.</summary>
internal sealed class RevisionKeeper
{
    private readonly IObjectClient client;
    private readonly Informer<V1ControllerRevision> revisions;
    private readonly RecentWrites<V1ControllerRevision> writes;
    private readonly RevisionNaming naming;

    public RevisionKeeper(IObjectClient client, Informer<V1ControllerRevision> revisions, TimeProvider time, RevisionNaming naming)
    {
        this.naming = naming;
        this.client = client;
        this.revisions = revisions;
        revisions.AddOwnerIndexes();
        writes = new RecentWrites<V1ControllerRevision>(revisions, time);
    }

    public List<V1ControllerRevision> Of(IKubernetesObject<V1ObjectMeta> owner) =>
        writes.Over(revisions.ControlledBy(owner), revision => revision.IsControlledBy(owner));

    public string HashOf(V1ControllerRevision revision) => naming.HashOf(revision);

    /// <summary>The revision of the owner's present template, created or renumbered if it is not the newest.</summary>
    /// <returns>null: the hash belongs to another template; count one more collision and try again.</returns>
    public async Task<V1ControllerRevision?> EnsureAsync<TOwner>(
        TOwner owner, V1PodTemplateSpec template, int? collisions, CancellationToken cancellationToken)
        where TOwner : IKubernetesObject<V1ObjectMeta>
    {
        var known = Of(owner);
        var newest = known.Select(revision => revision.Revision ?? 0).DefaultIfEmpty().Max();
        if (TemplateRevisions.Find(known, template) is { } present)
        {
            return present.Revision == newest
                ? present
                : writes.Wrote(await client.UpdateAsync(
                    present with { ApiVersion = "apps/v1", Kind = "ControllerRevision", Revision = newest + 1 }, cancellationToken));
        }

        var fresh = TemplateRevisions.New(owner, template, newest + 1, collisions, naming);
        try
        {
            return writes.Wrote(await client.CreateAsync(fresh, cancellationToken));
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            var other = await client.GetAsync<V1ControllerRevision>(fresh.Key(), cancellationToken);
            return other.IsControlledBy(owner) && TemplateRevisions.Find([other], template) is not null ? other : null;
        }
    }

    public async Task TrimAsync(
        IKubernetesObject<V1ObjectMeta> owner, int limit, IReadOnlySet<string> hashesInUse, CancellationToken cancellationToken)
    {
        foreach (var surplus in TemplateRevisions.Surplus(Of(owner), limit, revision => hashesInUse.Contains(naming.HashOf(revision))))
        {
            try
            {
                await client.DeleteAsync<V1ControllerRevision>(surplus.Key(), null, cancellationToken);
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                // As wanted.
            }

            writes.Deleted(surplus);
        }
    }
}
