using Flotilla.Api;
using Flotilla.Client;
using k8s;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers.ReplicaSets;

/// <summary>Keeps as many pods running as each owner wants: what ReplicaSets and the older ReplicationControllers have in common.</summary>
internal abstract partial class ReplicaController<TOwner> : Controller
    where TOwner : class, IKubernetesObject<V1ObjectMeta>
{
    private static readonly TimeSpan Together = TimeSpan.FromMilliseconds(10);

    private readonly Expectations expectations;
    private readonly ReplicaPods replicas;

    protected ReplicaController(ControllerContext context, string name)
        : base(context, name, workers: 5)
    {
        expectations = new Expectations(context.Time);
        replicas = new ReplicaPods(Client, Events, expectations);
        Sets = WatchAndEnqueue<TOwner>();
        Sets.Subscribe(change =>
        {
            if (change.New is null)
            {
                expectations.Forget(change.Latest.Key());
            }
        });
        Pods = Watch<V1Pod>();
        Pods.AddOwnerIndexes();
        Pods.Subscribe(PodChanged);
    }

    protected Informer<TOwner> Sets { get; }

    protected Informer<V1Pod> Pods { get; }

    /// <summary>The owner as the rules know it.</summary>
    protected abstract V1ReplicaSet AsSet(TOwner owner);

    /// <summary>The pods that tell which nodes are crowded.</summary>
    protected abstract IEnumerable<V1Pod> RelatedTo(TOwner owner, IReadOnlyCollection<V1Pod> owned);

    /// <summary>Of the status, what this kind of owner tells.</summary>
    protected virtual V1ReplicaSetStatus Told(V1ReplicaSetStatus status) => status;

    protected abstract Task WriteStatusAsync(TOwner owner, V1ReplicaSetStatus status, CancellationToken cancellationToken);

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var mayScale = expectations.AreMet(key);
        if (Sets.Get(key) is not { } owner)
        {
            return; // Deleted: the garbage collector removes what it owned.
        }

        var set = AsSet(owner);
        var claims = Claims<V1Pod>.For(owner, set.Spec.Selector, Pods.ControlledBy(owner), Pods.ByIndex(Owners.Orphans, key.Namespace ?? ""));
        var owned = await claims.ApplyAsync(Client, owner, cancellationToken);
        var failure = mayScale ? await ApplyAsync(owner, set, ReplicaSetPlan.For(set, owned, () => RelatedTo(owner, owned), Now), cancellationToken) : null;
        var status = Told(ReplicaSetStatusRules.Compute(set, owned, failure?.Message, Now));
        if (!ReplicaSetStatusRules.AreSame(set.Status, status))
        {
            await WriteStatusAsync(owner, status, cancellationToken);
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

    private async Task<Exception?> ApplyAsync(TOwner owner, V1ReplicaSet set, ReplicaSetPlan plan, CancellationToken cancellationToken)
    {
        if (plan.Create == 0 && plan.Delete.Count == 0)
        {
            return null;
        }

        Log.Scaling(Logger, owner.Key(), plan.Create, plan.Delete.Count);
        return plan.Create > 0
            ? await replicas.CreateAsync(owner, set.Spec.Template, plan.Create, cancellationToken)
            : await replicas.DeleteAsync(owner, plan.Delete, cancellationToken);
    }

    private void PodChanged(ObjectChange<V1Pod> change)
    {
        var owner = change.Latest.ControllerIn(Sets);
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
            foreach (var set in Sets.List(orphan.Metadata.NamespaceProperty).Where(set => AsSet(set).Spec.Selector.Matches(orphan.Metadata.Labels)))
            {
                Queue.Add(set.Key());
            }
        }

        if (change is { Old: { } before, New: not null } && before.ControllerIn(Sets) is { } former && former != owner)
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
