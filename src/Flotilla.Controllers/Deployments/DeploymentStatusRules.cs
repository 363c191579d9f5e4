using k8s.Models;

namespace Flotilla.Controllers.Deployments;

/// <summary>What a Deployment reports about itself.</summary>
internal static class DeploymentStatusRules
{
    private const string NewSetAvailable = "NewReplicaSetAvailable";
    private const string TimedOut = "ProgressDeadlineExceeded";

    /// <param name="isRollout">false: paused or only scaled, which makes no progress and fails none.</param>
    public static V1DeploymentStatus Compute(V1Deployment deployment, RolloutSets sets, bool isRollout, DateTime now)
    {
        var status = Count(deployment, sets);
        var conditions = new DeploymentConditions(deployment.Status?.Conditions, now);
        SetAvailable(deployment, status, conditions);
        if (isRollout)
        {
            SetProgressing(deployment, sets, status, conditions, now);
            SetFailure(sets, conditions);
        }

        status.Conditions = conditions.ToList();
        return status;
    }

    public static bool HasProgressDeadline(V1Deployment deployment) =>
        deployment.Spec.ProgressDeadlineSeconds is not null and not int.MaxValue;

    /// <summary>
    /// Whether the reported progress concerns the present set. The success of an earlier rollout must not stand for
    /// this one: a success has no deadline.
    /// </summary>
    public static bool IsAbout(V1Deployment deployment, V1ReplicaSet set)
    {
        var progressing = deployment.Status?.Conditions?.FirstOrDefault(condition => condition.Type == DeploymentConditions.Progressing);
        return progressing is not null
            && (progressing.Reason != NewSetAvailable || progressing.Message.Contains($"\"{set.Metadata.Name}\"", StringComparison.Ordinal));
    }

    public static bool IsComplete(V1Deployment deployment, V1DeploymentStatus? status)
    {
        var desired = RolloutMath.Desired(deployment);
        return (status?.UpdatedReplicas ?? 0) == desired
            && (status?.Replicas ?? 0) == desired
            && (status?.AvailableReplicas ?? 0) == desired
            && (status?.ObservedGeneration ?? 0) >= (deployment.Metadata.Generation ?? 0);
    }

    /// <summary>When to look whether the deadline has passed; null: there is nothing to wait for.</summary>
    public static TimeSpan? NextLook(V1Deployment deployment, V1DeploymentStatus status, DateTime now)
    {
        var progressing = status.Conditions?.FirstOrDefault(condition => condition.Type == DeploymentConditions.Progressing);
        if (!HasProgressDeadline(deployment) || progressing?.LastUpdateTime is not { } since || progressing.Reason == TimedOut || IsComplete(deployment, status))
        {
            return null;
        }

        return since.AddSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value) - now + TimeSpan.FromSeconds(1);
    }

    public static bool AreSame(V1DeploymentStatus? left, V1DeploymentStatus right) =>
        left is not null
        && left with { Conditions = null } == right with { Conditions = null }
        && (left.Conditions ?? []).SequenceEqual(right.Conditions ?? []);

    private static V1DeploymentStatus Count(V1Deployment deployment, RolloutSets sets)
    {
        var available = sets.All.Sum(RolloutSets.Available);
        return new V1DeploymentStatus
        {
            ObservedGeneration = deployment.Metadata.Generation,
            Replicas = OrNull(sets.All.Sum(set => set.Status?.Replicas ?? 0)),
            UpdatedReplicas = OrNull(sets.New?.Status?.Replicas ?? 0),
            ReadyReplicas = OrNull(sets.All.Sum(set => set.Status?.ReadyReplicas ?? 0)),
            AvailableReplicas = OrNull(available),
            UnavailableReplicas = OrNull(Math.Max(0, sets.TotalSize - available)),
            TerminatingReplicas = sets.All.All(set => set.Status?.TerminatingReplicas is not null)
                ? sets.All.Sum(set => set.Status!.TerminatingReplicas)
                : null,
            CollisionCount = deployment.Status?.CollisionCount,
        };
    }

    private static void SetAvailable(V1Deployment deployment, V1DeploymentStatus status, DeploymentConditions conditions)
    {
        if ((status.AvailableReplicas ?? 0) >= RolloutMath.MinAvailable(deployment))
        {
            conditions.Set(DeploymentConditions.Available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.");
        }
        else
        {
            conditions.Set(DeploymentConditions.Available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.");
        }
    }

    private static void SetProgressing(
        V1Deployment deployment, RolloutSets sets, V1DeploymentStatus status, DeploymentConditions conditions, DateTime now)
    {
        const string progressing = DeploymentConditions.Progressing;
        if (!HasProgressDeadline(deployment))
        {
            conditions.Remove(progressing);
            return;
        }

        // Once complete it stays so until there is another template: scaling is no rollout.
        var current = conditions[progressing];
        if ((status.Replicas ?? 0) == (status.UpdatedReplicas ?? 0) && current?.Reason == NewSetAvailable)
        {
            return;
        }

        var what = sets.New is { } set ? $"ReplicaSet \"{set.Metadata.Name}\"" : $"Deployment \"{deployment.Metadata.Name}\"";
        if (IsComplete(deployment, status))
        {
            conditions.Set(progressing, "True", NewSetAvailable, $"{what} has successfully progressed.");
        }
        else if (HasProgressed(deployment.Status, status))
        {
            conditions.Renew(progressing, "True", "ReplicaSetUpdated", $"{what} is progressing.");
        }
        else if (HasTimedOut(deployment, current, now))
        {
            conditions.Set(progressing, "False", TimedOut, $"{what} has timed out progressing.");
        }
    }

    private static bool HasProgressed(V1DeploymentStatus? old, V1DeploymentStatus status)
    {
        static int OldPods(V1DeploymentStatus? value) => (value?.Replicas ?? 0) - (value?.UpdatedReplicas ?? 0);
        return (status.UpdatedReplicas ?? 0) > (old?.UpdatedReplicas ?? 0)
            || OldPods(status) < OldPods(old)
            || (status.ReadyReplicas ?? 0) > (old?.ReadyReplicas ?? 0)
            || (status.AvailableReplicas ?? 0) > (old?.AvailableReplicas ?? 0);
    }

    private static bool HasTimedOut(V1Deployment deployment, V1DeploymentCondition? progressing, DateTime now) => progressing switch
    {
        null or { Reason: NewSetAvailable } => false,
        { Reason: TimedOut } => true,
        _ => progressing.LastUpdateTime?.AddSeconds(deployment.Spec.ProgressDeadlineSeconds!.Value) < now,
    };

    private static void SetFailure(RolloutSets sets, DeploymentConditions conditions)
    {
        var failing = (sets.New is { } newest ? [newest, .. sets.Old] : sets.Old)
            .SelectMany(set => set.Status?.Conditions ?? [])
            .FirstOrDefault(condition => condition is { Type: DeploymentConditions.ReplicaFailure, Status: "True" });
        if (failing is null)
        {
            conditions.Remove(DeploymentConditions.ReplicaFailure);
        }
        else
        {
            conditions.Set(DeploymentConditions.ReplicaFailure, "True", failing.Reason, failing.Message);
        }
    }

    private static int? OrNull(int count) => count == 0 ? null : count;
}
