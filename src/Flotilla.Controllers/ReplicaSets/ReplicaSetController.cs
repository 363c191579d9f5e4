using Flotilla.Api;
using Flotilla.Client;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers.ReplicaSets;

/// <summary>Keeps as many pods running as each ReplicaSet wants.</summary>
internal sealed partial class ReplicaSetController : Controller
{
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(10);

    private readonly Informer<V1ReplicaSet> sets;
    private readonly Informer<V1Pod> pods;
    private readonly Expectations expectations;
    private readonly ReplicaPods replicas;

    public ReplicaSetController(ControllerContext context)
        : base(context, "replicaset-controller", workers: 5)
    {
        expectations = new Expectations(context.Time);
        replicas = new ReplicaPods(Client, Events, expectations);
        sets = WatchAndEnqueue<V1ReplicaSet>();
        sets.AddOwnerIndexes();
        sets.Subscribe(change =>
        {
            if (change.New is null)
            {
                expectations.Forget(change.Latest.Key());
            }
        });
        pods = Watch<V1Pod>();
        pods.AddOwnerIndexes();
        pods.Subscribe(PodChanged);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var mayScale = expectations.AreMet(key);
        if (sets.Get(key) is not { } set)
        {
            return; // Deleted: the garbage collector removes what it owned.
        }

        var claims = Claims<V1Pod>.For(set, set.Spec.Selector, pods.ControlledBy(set), pods.ByIndex(Owners.Orphans, key.Namespace ?? ""));
        var owned = await claims.ApplyAsync(Client, set, cancellationToken);
        Exception? failure = null;
        if (mayScale)
        {
            var plan = ReplicaSetPlan.For(set, owned, () => RelatedTo(set), Now);
            failure = await ApplyAsync(set, plan, cancellationToken);
        }

        var status = ReplicaSetStatusRules.Compute(set, owned, failure?.Message, Now);
        if (!ReplicaSetStatusRules.AreSame(set.Status, status))
        {
            await Client.UpdateStatusAsync(set with { ApiVersion = "apps/v1", Kind = "ReplicaSet", Status = status }, cancellationToken);
        }

        if (failure is not null)
        {
            throw failure;
        }

        if (ReplicaSetStatusRules.NextAvailable(set, owned, Now) is { } wait)
        {
            Queue.AddAfter(key, wait);
        }
    }

    private async Task<Exception?> ApplyAsync(V1ReplicaSet set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Create == 0 && plan.Delete.Count == 0)
        {
            return null;
        }

        Log.Scaling(Logger, set.Key(), plan.Create, plan.Delete.Count);
        return plan.Create > 0
            ? await replicas.CreateAsync(set, set.Spec.Template, plan.Create, cancellationToken)
            : await replicas.DeleteAsync(set, plan.Delete, cancellationToken);
    }

    /// <summary>Pods of all sets of the same owner, e.g. the old and the new one of a Deployment.</summary>
    private IEnumerable<V1Pod> RelatedTo(V1ReplicaSet set)
    {
        var siblings = set.Controller() is { } owner ? sets.ByIndex(Owners.ByController, owner.Uid) : [set];
        return siblings.SelectMany(sibling => pods.ControlledBy(sibling));
    }

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        var owner = change.Latest.ControllerIn(sets);
        if (owner is not null)
        {
            if (change.Old is null)
            {
                expectations.CreationSeen(owner.Key());
            }

            if (change.New is null || change.New.IsDeleting())
            {
                expectations.DeletionSeen(owner.Key(), change.Latest.Metadata.Uid);
            }

            // Pods that start together report together: their states need one status, not one each.
            Queue.AddAfter(owner.Key(), change is { Old: not null, New: not null } ? Together : TimeSpan.Zero);
        }
        else if (change.New is { } orphan && orphan.Controller() is null)
        {
            foreach (var set in sets.List(orphan.Metadata.NamespaceProperty).Where(set => set.Spec.Selector.Matches(orphan.Metadata.Labels)))
            {
                Queue.Add(set.Key());
            }
        }

        if (change is { Old: { } before, New: not null } && before.ControllerIn(sets) is { } former && former != owner)
        {
            Queue.Add(former.Key());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Set}: creating {Create} pods, deleting {Delete}")]
        public static partial void Scaling(ILogger logger, ObjectKey set, int create, int delete);
    }
}
