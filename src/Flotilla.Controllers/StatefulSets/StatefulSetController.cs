using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.StatefulSets;

/// <summary>Keeps the numbered pods of each StatefulSet.</summary>
internal sealed class StatefulSetController : Controller
{
    private readonly Informer<V1StatefulSet> sets;
    private readonly Informer<V1Pod> pods;
    private readonly RevisionKeeper revisions;
    private readonly RecentWrites<V1StatefulSet> writes;
    private readonly ClaimKeeper claims;

    public StatefulSetController(ControllerContext context)
        : base(context, "statefulset-controller", workers: 5)
    {
        sets = WatchAndEnqueue<V1StatefulSet>();
        writes = new RecentWrites<V1StatefulSet>(sets, context.Time);
        revisions = new RevisionKeeper(context.Client, Watch<V1ControllerRevision>(), context.Time, RevisionNaming.OfStatefulSets);
        claims = new ClaimKeeper(context.Client, Watch<V1PersistentVolumeClaim>(), Events);
        pods = Watch<V1Pod>();
        pods.AddOwnerIndexes();
        pods.Subscribe(PodChanged);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (sets.Get(key) is not { } cached)
        {
            return; // Deleted: the garbage collector removes what it owned.
        }

        var set = writes.Newest(cached);
        if (set.Spec.Selector.IsEmpty())
        {
            Events.Record(set, "Warning", "SelectingAll", "This StatefulSet is selecting all pods. A non-empty selector is required.");
            return;
        }

        if (await revisions.EnsureAsync(set, set.Spec.Template, set.Status?.CollisionCount, cancellationToken) is not { } update)
        {
            var collided = (set.Status ?? new V1StatefulSetStatus()) with { CollisionCount = (set.Status?.CollisionCount ?? 0) + 1 };
            await WriteStatusAsync(set, collided, cancellationToken);
            return;
        }

        var orphans = pods.ByIndex(Owners.Orphans, key.Namespace ?? "").Where(pod => StatefulPods.OrdinalOf(set, pod) is not null);
        var found = Claims<V1Pod>.For(set, set.Spec.Selector, pods.ControlledBy(set), orphans);
        var owned = await found.ApplyAsync(Client, set, cancellationToken);
        await claims.KeepAsync(set, owned, cancellationToken);
        var plan = StatefulSetPlan.For(set, owned, update.Metadata.Name, Now);
        var failure = await ApplyAsync(set, plan, update, cancellationToken);
        if (!JsonNode.DeepEquals(Node(set.Status), Node(plan.Status)))
        {
            await WriteStatusAsync(set, plan.Status, cancellationToken);
        }

        var inUse = owned.Select(StatefulPods.RevisionOf).Append(plan.Status.CurrentRevision).Append(update.Metadata.Name).ToHashSet(StringComparer.Ordinal);
        var hashes = revisions.Of(set).Where(revision => inUse.Contains(revision.Metadata.Name)).Select(revisions.HashOf);
        await revisions.TrimAsync(set, set.Spec.RevisionHistoryLimit ?? 10, hashes.ToHashSet(StringComparer.Ordinal), cancellationToken);
        if (failure is not null)
        {
            throw failure;
        }

        if (set.Spec.MinReadySeconds is > 0 and var wait && (plan.Status.ReadyReplicas ?? 0) != plan.Status.AvailableReplicas)
        {
            Queue.AddAfter(key, TimeSpan.FromSeconds(wait));
        }
    }

    private async Task<Exception?> ApplyAsync(V1StatefulSet set, StatefulSetPlan plan, V1ControllerRevision update, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Delete)
        {
            await DeleteAsync(set, pod, cancellationToken);
        }

        var failures = await Task.WhenAll(plan.Create.Select(ordinal => SlowStart.TryAsync(() => CreateAsync(set, ordinal, update, cancellationToken))));
        return failures.FirstOrDefault(failure => failure is not null and not ApiException { IsAlreadyExists: true });
    }

    private async Task CreateAsync(V1StatefulSet set, int ordinal, V1ControllerRevision update, CancellationToken cancellationToken)
    {
        var revision = StatefulSetPlan.IsOfCurrent(set, ordinal)
            ? revisions.Of(set).Find(known => known.Metadata.Name == set.Status?.CurrentRevision) ?? update
            : update;
        var template = revision == update ? set.Spec.Template : TemplateRevisions.TemplateOf(revision);
        var name = StatefulPods.NameOf(set, ordinal);
        try
        {
            if (!await claims.CreateAsync(set, ordinal, cancellationToken))
            {
                Queue.AddAfter(set.Key(), TimeSpan.FromSeconds(1));
                return;
            }

            await Client.CreateAsync(StatefulPods.New(set, template, revision.Metadata.Name, ordinal), cancellationToken);
            Events.Record(set, "Normal", "SuccessfulCreate", $"Create Pod {name} in StatefulSet {set.Metadata.Name} successful");
        }
        catch (ApiException refused) when (!refused.IsAlreadyExists)
        {
            Events.Record(set, "Warning", "FailedCreate", $"Create Pod {name} in StatefulSet {set.Metadata.Name} failed error: {refused.Message}");
            throw;
        }
    }

    private async Task DeleteAsync(V1StatefulSet set, V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            var options = new V1DeleteOptions { Preconditions = new V1Preconditions { Uid = pod.Metadata.Uid } };
            await Client.DeleteAsync<V1Pod>(pod.Key(), options, cancellationToken);
            Events.Record(set, "Normal", "SuccessfulDelete", $"Delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        }
        catch (ApiException gone) when (gone.Code is 404 or 409)
        {
            // Gone, or another one has its name.
        }
    }

    private async Task WriteStatusAsync(V1StatefulSet set, V1StatefulSetStatus status, CancellationToken cancellationToken) =>
        writes.Wrote(await Client.UpdateStatusAsync(set with { ApiVersion = "apps/v1", Kind = "StatefulSet", Status = status }, cancellationToken));

    private static JsonNode? Node(V1StatefulSetStatus? status) => JsonNode.Parse(ObjectJson.Encode(status));

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        if (change.Latest.ControllerIn(sets) is { } owner)
        {
            Queue.Add(owner.Key());
        }
        else if (change.New is { } orphan && orphan.Controller() is null)
        {
            foreach (var set in sets.List(orphan.Metadata.NamespaceProperty).Where(set => set.Spec.Selector.Matches(orphan.Metadata.Labels)))
            {
                Queue.Add(set.Key());
            }
        }
    }
}
