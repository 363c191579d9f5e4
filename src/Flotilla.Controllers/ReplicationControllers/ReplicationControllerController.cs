using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.ReplicaSets;
using k8s.Models;

namespace Flotilla.Controllers.ReplicationControllers;

/// <summary>Keeps as many pods running as each ReplicationController wants.</summary>
internal sealed class ReplicationControllerController : Controller
{
    private readonly Informer<V1ReplicationController> owners;
    private readonly Informer<V1Pod> pods;
    private readonly Expectations expectations;
    private readonly ReplicaPods replicas;

    public ReplicationControllerController(ControllerContext context)
        : base(context, "replication-controller", workers: 5)
    {
        expectations = new Expectations(context.Time);
        replicas = new ReplicaPods(Client, Events, expectations);
        owners = WatchAndEnqueue<V1ReplicationController>();
        owners.Subscribe(change =>
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
        if (owners.Get(key) is not { } owner)
        {
            return; // Deleted: the garbage collector removes what it owned.
        }

        var set = AsReplicaSet.From(owner);
        var claims = Claims<V1Pod>.For(owner, set.Spec.Selector, pods.ControlledBy(owner), pods.ByIndex(Owners.Orphans, key.Namespace ?? ""));
        var owned = await claims.ApplyAsync(Client, owner, cancellationToken);
        var failure = mayScale ? await ScaleAsync(owner, ReplicaSetPlan.For(set, owned, () => owned, Now), cancellationToken) : null;

        // Pods that are ending are not counted here, unlike in a ReplicaSet.
        var status = ReplicaSetStatusRules.Compute(set, owned, failure?.Message, Now) with { TerminatingReplicas = null };
        if (!ReplicaSetStatusRules.AreSame(set.Status, status))
        {
            await Client.UpdateStatusAsync(owner with { ApiVersion = "v1", Kind = "ReplicationController", Status = AsReplicaSet.Status(status) }, cancellationToken);
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

    private async Task<Exception?> ScaleAsync(V1ReplicationController owner, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Create > 0)
        {
            return await replicas.CreateAsync(owner, owner.Spec.Template, plan.Create, cancellationToken);
        }

        return plan.Delete.Count > 0 ? await replicas.DeleteAsync(owner, plan.Delete, cancellationToken) : null;
    }

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        var owner = change.Latest.ControllerIn(owners);
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

            Queue.Add(owner.Key());
        }
        else if (change.New is { } orphan && orphan.Controller() is null)
        {
            foreach (var candidate in owners.List(orphan.Metadata.NamespaceProperty).Where(candidate => AsReplicaSet.From(candidate).Spec.Selector.Matches(orphan.Metadata.Labels)))
            {
                Queue.Add(candidate.Key());
            }
        }

        if (change is { Old: { } before, New: not null } && before.ControllerIn(owners) is { } former && former != owner)
        {
            Queue.Add(former.Key());
        }
    }
}
