using System.Text.Json;
using Flotilla.Api;
using Flotilla.Client;
using Flotilla.Controllers.Pods;
using k8s.Models;
using Microsoft.Extensions.Logging;

namespace Flotilla.Controllers.Deployments;

/// <summary>
/// Moves a Deployment's pods from old ReplicaSets to the one with the present template, a step at a time.
/// Every step shows in a set's status, which brings the Deployment back here for the next one.
/// </summary>
internal sealed partial class DeploymentController : Controller
{
    private readonly Informer<V1Deployment> deployments;
    private readonly Informer<V1ReplicaSet> sets;
    private readonly Informer<V1Pod> pods;

    public DeploymentController(ControllerContext context)
        : base(context, "deployment-controller", workers: 5)
    {
        deployments = WatchAndEnqueue<V1Deployment>();
        sets = Watch<V1ReplicaSet>();
        sets.AddOwnerIndexes();
        sets.Subscribe(SetChanged);
        pods = Watch<V1Pod>();
        pods.AddOwnerIndexes();
        pods.Subscribe(PodChanged);
    }

    protected override async Task ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (deployments.Get(key) is not { } deployment)
        {
            return; // Deleted: the garbage collector removes what it owned.
        }

        if (deployment.Spec.Selector.IsEmpty())
        {
            Events.Record(deployment, "Warning", "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
            return;
        }

        var claims = Claims<V1ReplicaSet>.For(
            deployment, deployment.Spec.Selector, sets.ControlledBy(deployment), sets.ByIndex(Owners.Orphans, key.Namespace ?? ""));
        var found = RolloutSets.For(deployment, await claims.ApplyAsync(Client, deployment, cancellationToken));
        if (deployment.IsDeleting())
        {
            await UpdateStatusAsync(deployment, found, isRollout: false, cancellationToken);
            return;
        }

        deployment = await UpdatePausedAsync(deployment, cancellationToken);
        if (deployment.Spec.Paused == true || ProportionalScaling.IsNeeded(deployment, found))
        {
            await ScaleAsync(deployment, found, cancellationToken);
        }
        else
        {
            await RollOutAsync(deployment, found, cancellationToken);
        }
    }

    private async Task ScaleAsync(V1Deployment deployment, RolloutSets found, CancellationToken cancellationToken)
    {
        (deployment, found) = await UpdateNewAsync(deployment, found, cancellationToken);
        found = await ResizeAsync(deployment, found, ProportionalScaling.For(deployment, found), cancellationToken);
        if (deployment.Spec.Paused == true)
        {
            await TrimHistoryAsync(deployment, found, cancellationToken);
        }

        await UpdateStatusAsync(deployment, found, isRollout: false, cancellationToken);
    }

    private async Task RollOutAsync(V1Deployment deployment, RolloutSets found, CancellationToken cancellationToken)
    {
        var isRolling = RolloutMath.IsRolling(deployment);
        var oldPodsRun = !isRolling && found.Old.Any(HasPods);
        if (found.New is not null)
        {
            (deployment, found) = await UpdateNewAsync(deployment, found, cancellationToken);
        }
        else if (isRolling || (!oldPodsRun && !found.ActiveOld.Any()))
        {
            (deployment, found) = await CreateNewAsync(deployment, found, cancellationToken);
        }

        var steps = isRolling ? Rollout.RollingStep(deployment, found) : Rollout.RecreateStep(deployment, found, oldPodsRun);
        found = await ResizeAsync(deployment, found, steps, cancellationToken);
        if (DeploymentStatusRules.IsComplete(deployment, deployment.Status))
        {
            await TrimHistoryAsync(deployment, found, cancellationToken);
        }

        await UpdateStatusAsync(deployment, found, isRollout: true, cancellationToken);
    }

    private async Task<(V1Deployment Deployment, RolloutSets Sets)> CreateNewAsync(
        V1Deployment deployment, RolloutSets found, CancellationToken cancellationToken)
    {
        var wanted = NewSet.Build(deployment, found);
        V1ReplicaSet created;
        try
        {
            created = await Client.CreateAsync(wanted, cancellationToken);
            if (created.Spec.Replicas > 0)
            {
                RecordScaling(deployment, created, 0, created.Spec.Replicas.Value);
            }

            deployment = WithProgress(deployment, "NewReplicaSetCreated", $"Created new replica set \"{created.Metadata.Name}\"");
        }
        catch (ApiException exists) when (exists.IsAlreadyExists)
        {
            created = await Client.GetAsync<V1ReplicaSet>(wanted.Key(), cancellationToken);
            if (!created.IsControlledBy(deployment) || !TemplateHash.AreSame(created.Spec.Template, deployment.Spec.Template))
            {
                // Another template has this hash: the next attempt makes another one of it.
                var status = (deployment.Status ?? new V1DeploymentStatus()) with { CollisionCount = (deployment.Status?.CollisionCount ?? 0) + 1 };
                await WriteStatusAsync(deployment, status, cancellationToken);
                throw;
            }
        }
        catch (ApiException refused) when (!refused.IsNamespaceEnding())
        {
            var message = $"Failed to create new replica set \"{wanted.Metadata.Name}\": {refused.Message}";
            Events.Record(deployment, "Warning", "ReplicaSetCreateError", message);
            var failed = WithProgress(deployment, "ReplicaSetCreateError", message, status: "False");
            if (!DeploymentStatusRules.AreSame(deployment.Status, failed.Status))
            {
                await WriteStatusAsync(failed, failed.Status, cancellationToken);
            }

            throw;
        }

        deployment = await SetRevisionAsync(deployment, created, cancellationToken);
        return (deployment, found with { New = created });
    }

    /// <summary>Brings the present set's annotations up to date; after a rollback it becomes the newest revision again.</summary>
    private async Task<(V1Deployment Deployment, RolloutSets Sets)> UpdateNewAsync(
        V1Deployment deployment, RolloutSets found, CancellationToken cancellationToken)
    {
        if (found.New is not { } set)
        {
            return (deployment, found);
        }

        var annotations = Revisions.For(deployment, set, Revisions.MaxOf(found.Old) + 1);
        if (!Revisions.AreSame(set.Metadata.Annotations, annotations) || (set.Spec.MinReadySeconds ?? 0) != (deployment.Spec.MinReadySeconds ?? 0))
        {
            set = await UpdateAsync(set, annotations, set.Spec with { MinReadySeconds = deployment.Spec.MinReadySeconds }, cancellationToken);
            found = found with { New = set };
        }

        if (!DeploymentStatusRules.IsAbout(deployment, set))
        {
            deployment = WithProgress(deployment, "FoundNewReplicaSet", $"Found new replica set \"{set.Metadata.Name}\"");
        }

        return (await SetRevisionAsync(deployment, set, cancellationToken), found);
    }

    private async Task<RolloutSets> ResizeAsync(
        V1Deployment deployment, RolloutSets found, IReadOnlyList<Resize> steps, CancellationToken cancellationToken)
    {
        foreach (var (set, to) in steps)
        {
            var from = RolloutSets.Size(set);
            var annotations = Revisions.WithReplicas(set.Metadata.Annotations, deployment);
            if (from == to && Revisions.AreSame(set.Metadata.Annotations, annotations))
            {
                continue;
            }

            found = found.With(await UpdateAsync(set, annotations, set.Spec with { Replicas = to }, cancellationToken));
            if (from != to)
            {
                RecordScaling(deployment, set, from, to);
            }
        }

        return found;
    }

    private async Task TrimHistoryAsync(V1Deployment deployment, RolloutSets found, CancellationToken cancellationToken)
    {
        foreach (var set in RevisionHistory.Surplus(deployment, found.Old))
        {
            try
            {
                Log.Trimming(Logger, deployment.Key(), set.Metadata.Name);
                await Client.DeleteAsync<V1ReplicaSet>(set.Key(), null, cancellationToken);
            }
            catch (ApiException gone) when (gone.IsNotFound)
            {
                Log.Trimming(Logger, deployment.Key(), set.Metadata.Name);
            }
        }
    }

    private async Task UpdateStatusAsync(V1Deployment deployment, RolloutSets found, bool isRollout, CancellationToken cancellationToken)
    {
        var status = DeploymentStatusRules.Compute(deployment, found, isRollout, Now);

        // The stored status: this one may carry conditions of this very pass.
        if (!DeploymentStatusRules.AreSame(deployments.Get(deployment.Key())?.Status, status))
        {
            await WriteStatusAsync(deployment, status, cancellationToken);
        }

        if (isRollout && DeploymentStatusRules.NextLook(deployment, status, Now) is { } wait)
        {
            Queue.AddAfter(deployment.Key(), wait);
        }
    }

    private async Task<V1Deployment> UpdatePausedAsync(V1Deployment deployment, CancellationToken cancellationToken)
    {
        var conditions = new DeploymentConditions(deployment.Status?.Conditions, Now);
        var reason = conditions[DeploymentConditions.Progressing]?.Reason;
        var isPaused = deployment.Spec.Paused == true;
        if (!DeploymentStatusRules.HasProgressDeadline(deployment) || reason == "ProgressDeadlineExceeded" || isPaused == (reason == "DeploymentPaused"))
        {
            return deployment;
        }

        // The clock of the deadline stands still while paused and starts anew afterwards.
        conditions.Set(
            DeploymentConditions.Progressing,
            "Unknown",
            isPaused ? "DeploymentPaused" : "DeploymentResumed",
            isPaused ? "Deployment is paused" : "Deployment is resumed");
        var status = (deployment.Status ?? new V1DeploymentStatus()) with { Conditions = conditions.ToList() };
        return await WriteStatusAsync(deployment, status, cancellationToken);
    }

    private V1Deployment WithProgress(V1Deployment deployment, string reason, string message, string status = "True")
    {
        if (!DeploymentStatusRules.HasProgressDeadline(deployment))
        {
            return deployment;
        }

        var conditions = new DeploymentConditions(deployment.Status?.Conditions, Now);
        conditions.Set(DeploymentConditions.Progressing, status, reason, message);
        return deployment with { Status = (deployment.Status ?? new V1DeploymentStatus()) with { Conditions = conditions.ToList() } };
    }

    private async Task<V1Deployment> SetRevisionAsync(V1Deployment deployment, V1ReplicaSet set, CancellationToken cancellationToken)
    {
        if (!set.Metadata.Annotations.TryGetValue(Revisions.Revision, out var revision)
            || (deployment.Metadata.Annotations?.TryGetValue(Revisions.Revision, out var known) == true && known == revision))
        {
            return deployment;
        }

        var patch = JsonSerializer.SerializeToUtf8Bytes(
            new { metadata = new { annotations = new Dictionary<string, string> { [Revisions.Revision] = revision } } });
        var updated = await Client.PatchAsync<V1Deployment>(deployment.Key(), new Patch(PatchKind.Merge, patch), "status", cancellationToken);
        return updated with { Status = deployment.Status };
    }

    private Task<V1ReplicaSet> UpdateAsync(
        V1ReplicaSet set, Dictionary<string, string> annotations, V1ReplicaSetSpec spec, CancellationToken cancellationToken) =>
        Client.UpdateAsync(
            set with { ApiVersion = "apps/v1", Kind = "ReplicaSet", Metadata = set.Metadata with { Annotations = annotations }, Spec = spec },
            cancellationToken);

    private Task<V1Deployment> WriteStatusAsync(V1Deployment deployment, V1DeploymentStatus status, CancellationToken cancellationToken) =>
        Client.UpdateStatusAsync(deployment with { ApiVersion = "apps/v1", Kind = "Deployment", Status = status }, cancellationToken);

    private void RecordScaling(V1Deployment deployment, V1ReplicaSet set, int from, int to) => Events.Record(
        deployment,
        "Normal",
        "ScalingReplicaSet",
        $"Scaled {(to > from ? "up" : "down")} replica set {set.Metadata.Name} from {from} to {to}");

    private bool HasPods(V1ReplicaSet set) => pods.ControlledBy(set).Any(pod => !pod.IsTerminal());

    private void SetChanged(ObjectChange<V1ReplicaSet> change)
    {
        if (change.Latest.ControllerIn(deployments) is { } owner)
        {
            Queue.Add(owner.Key());
        }
        else if (change.New is { } orphan && orphan.Controller() is null)
        {
            foreach (var deployment in deployments.List(orphan.Metadata.NamespaceProperty))
            {
                if (deployment.Spec.Selector.Matches(orphan.Metadata.Labels))
                {
                    Queue.Add(deployment.Key());
                }
            }
        }
    }

    /// <summary>Recreate waits for the last old pod to go; nothing else in a Deployment looks at pods.</summary>
    private void PodChanged(ObjectChange<V1Pod> change)
    {
        if (change.New is null
            && change.Old!.ControllerIn(sets)?.ControllerIn(deployments) is { } deployment
            && !RolloutMath.IsRolling(deployment))
        {
            Queue.Add(deployment.Key());
        }
    }

    private static partial class Log
    {
        [LoggerMessage(Level = LogLevel.Debug, Message = "{Deployment}: forgetting {Set}, beyond the history to keep")]
        public static partial void Trimming(ILogger logger, ObjectKey deployment, string set);
    }
}
