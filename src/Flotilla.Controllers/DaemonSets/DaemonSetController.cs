using System.Text.Json.Nodes;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.DaemonSets;

/// <summary>Keeps a pod of each DaemonSet on every node that it fits.</summary>
internal sealed class DaemonSetController : Controller
{
    private readonly Informer<V1DaemonSet> sets;
    private readonly Informer<V1Pod> pods;
    private readonly Informer<V1Node> nodes;
    private readonly RevisionKeeper revisions;
    private readonly Expectations expectations;
    private readonly FailureBackoff failures;

    public DaemonSetController(ControllerContext context)
        : base(context, "daemonset-controller", workers: 2)
    {
        expectations = new Expectations(context.Time);
        failures = new FailureBackoff(context.Time);
        sets = WatchAndEnqueue<V1DaemonSet>();
        var history = Watch<V1ControllerRevision>();
        revisions = new RevisionKeeper(context.Client, history, context.Time, RevisionNaming.OfDaemonSets);
        history.Subscribe(change =>
        {
            if (change.Latest.ControllerIn(sets) is { } owner)
            {
                Queue.Add(owner.Key());
            }
        });
        pods = Watch<V1Pod>();
        pods.AddOwnerIndexes();
        pods.Subscribe(PodChanged);
        nodes = Watch<V1Node>();
        nodes.Subscribe(NodeChanged);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var mayAct = expectations.AreMet(key);
        if (sets.Get(key) is not { } set)
        {
            expectations.Forget(key);
            return; // Deleted: the garbage collector removes what it owned.
        }

        if (set.IsDeleting())
        {
            return;
        }

        if (set.Spec.Selector.IsEmpty())
        {
            Events.Record(set, "Warning", "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
            return;
        }

        if (await revisions.EnsureAsync(set, set.Spec.Template, set.Status?.CollisionCount, cancellationToken) is not { } revision)
        {
            var collided = (set.Status ?? new V1DaemonSetStatus()) with { CollisionCount = (set.Status?.CollisionCount ?? 0) + 1 };
            await WriteStatusAsync(set, collided, cancellationToken);
            return;
        }

        var claims = Claims<V1Pod>.For(set, set.Spec.Selector, pods.ControlledBy(set), pods.ByIndex(Owners.Orphans, key.Namespace ?? ""));
        var owned = await claims.ApplyAsync(Client, set, cancellationToken);
        var plan = DaemonSetPlan.For(set, nodes.List(), owned, revisions.HashOf(revision), Now, pod => failures.IsHeld(BackoffKey(set, pod, revisions.HashOf(revision))));
        var failure = mayAct && plan.Create.Count + plan.Delete.Count > 0 ? await ApplyAsync(set, plan, revisions.HashOf(revision), cancellationToken) : null;
        if (!JsonNode.DeepEquals(Node(set.Status), Node(plan.Status)))
        {
            await WriteStatusAsync(set, plan.Status, cancellationToken);
        }

        var inUse = owned.Select(DaemonPods.HashOf).OfType<string>().Append(revisions.HashOf(revision)).ToHashSet(StringComparer.Ordinal);
        await revisions.TrimAsync(set, set.Spec.RevisionHistoryLimit ?? 10, inUse, cancellationToken);
        if (failure is not null)
        {
            throw failure;
        }

        if (owned.Exists(pod => pod.Status?.Phase == "Failed" && !plan.Ended.Contains(pod)))
        {
            Queue.AddAfter(key, TimeSpan.FromSeconds(1));
        }

        if (set.Spec.MinReadySeconds is > 0 and var wait && plan.Status.NumberReady != (plan.Status.NumberAvailable ?? 0))
        {
            Queue.AddAfter(key, TimeSpan.FromSeconds(wait));
        }
    }

    private async Task<Exception?> ApplyAsync(V1DaemonSet set, DaemonSetPlan plan, string hash, CancellationToken cancellationToken)
    {
        foreach (var pod in plan.Ended)
        {
            Note(set, pod, hash);
        }

        var key = set.Key();
        var places = new Queue<string>(plan.Create);
        expectations.Expect(key, places.Count, plan.Delete.Select(pod => pod.Metadata.Uid));
        foreach (var pod in plan.Delete)
        {
            await DeleteAsync(set, pod, cancellationToken);
        }

        var (created, failure) = await SlowStart.RunAsync(plan.Create.Count, () => CreateAsync(set, Next(places), hash, cancellationToken));
        expectations.CreationSeen(key, plan.Create.Count - created);
        return failure is ApiException ending && ending.IsNamespaceEnding() ? null : failure;
    }

    private void Note(V1DaemonSet set, V1Pod pod, string hash)
    {
        var where = $"{pod.Key()} on node {DaemonPods.NodeOf(pod)}";
        if (pod.Status.Phase == "Succeeded")
        {
            Events.Record(set, "Normal", "SucceededDaemonPod", $"Found succeeded daemon pod {where}, will try to delete it");
            return;
        }

        failures.Failed(BackoffKey(set, pod, hash));
        Events.Record(set, "Warning", "FailedDaemonPod", $"Found failed daemon pod {where}, will try to kill it");
    }

    private static string BackoffKey(V1DaemonSet set, V1Pod pod, string hash) => $"{set.Metadata.Uid}/{hash}/{DaemonPods.NodeOf(pod)}";

    private async Task DeleteAsync(V1DaemonSet set, V1Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            await Client.DeleteAsync<V1Pod>(pod.Key(), null, cancellationToken);
            Events.Record(set, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
        }
        catch (ApiException refused)
        {
            expectations.DeletionSeen(set.Key(), pod.Metadata.Uid);
            if (!refused.IsNotFound)
            {
                Events.Record(set, "Warning", "FailedDelete", $"Error deleting: {refused.Message}");
                throw;
            }
        }
    }

    private static string Next(Queue<string> places)
    {
        lock (places)
        {
            return places.Dequeue();
        }
    }

    private async Task CreateAsync(V1DaemonSet set, string node, string hash, CancellationToken cancellationToken)
    {
        try
        {
            var pod = await Client.CreateAsync(DaemonPods.New(set, node, hash), cancellationToken);
            Events.Record(set, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
        }
        catch (ApiException refused) when (!refused.IsNamespaceEnding())
        {
            Events.Record(set, "Warning", "FailedCreate", $"Error creating: {refused.Message}");
            throw;
        }
    }

    private Task<V1DaemonSet> WriteStatusAsync(V1DaemonSet set, V1DaemonSetStatus status, CancellationToken cancellationToken) =>
        Client.UpdateStatusAsync(set with { ApiVersion = "apps/v1", Kind = "DaemonSet", Status = status }, cancellationToken);

    private static JsonNode? Node(V1DaemonSetStatus? status) => JsonNode.Parse(ObjectJson.Encode(status));

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        if (change.Latest.ControllerIn(sets) is { } owner)
        {
            if (change.Old is null)
            {
                expectations.CreationSeen(owner.Key());
            }

            if (change.New is null || change.New.IsDeleting())
            {
                expectations.DeletionSeen(owner.Key(), change.Latest.Metadata.Uid);
            }

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

    /// <summary>Only what decides about placement matters; heartbeats do not.</summary>
    private void NodeChanged(ObjectChange<V1Node> change)
    {
        foreach (var set in sets.List())
        {
            if (change.Old is null || change.New is null || DaemonSetPlan.Judge(set, change.Old) != DaemonSetPlan.Judge(set, change.New))
            {
                Queue.Add(set.Key());
            }
        }
    }
}
