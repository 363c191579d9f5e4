using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.ReplicaSets;

internal static class ReplicaSetStatusRules
{
    public static V1ReplicaSetStatus Compute(V1ReplicaSet set, IReadOnlyCollection<V1Pod> pods, string? failure, DateTime now)
    {
        var active = pods.Where(pod => pod.IsActive()).ToList();
        var wanted = set.Spec.Template?.Metadata?.Labels ?? new Dictionary<string, string>();
        var minReady = set.Spec.MinReadySeconds ?? 0;
        return new V1ReplicaSetStatus
        {
            Replicas = active.Count,
            FullyLabeledReplicas = OrNull(active.Count(pod => TypedSelector.Matches(wanted, pod.Metadata.Labels))),
            ReadyReplicas = OrNull(active.Count(pod => pod.IsReady())),
            AvailableReplicas = OrNull(active.Count(pod => pod.IsAvailable(minReady, now))),
            TerminatingReplicas = pods.Count(pod => pod.IsTerminating()),
            ObservedGeneration = set.Metadata.Generation,
            Conditions = Conditions(set, active.Count, failure, now),
        };
    }

    /// <summary>When a pod that is ready now becomes available; null: none will by waiting.</summary>
    public static TimeSpan? NextAvailable(V1ReplicaSet set, IEnumerable<V1Pod> pods, DateTime now)
    {
        var minReady = set.Spec.MinReadySeconds ?? 0;
        var waits = pods
            .Where(pod => pod.IsActive() && pod.IsReady() && !pod.IsAvailable(minReady, now))
            .Select(pod => pod.ReadySince()?.AddSeconds(minReady) - now)
            .OfType<TimeSpan>()
            .ToList();
        return waits.Count == 0 ? null : waits.Min();
    }

    public static bool AreSame(V1ReplicaSetStatus? left, V1ReplicaSetStatus right) =>
        left is not null
        && left.Replicas == right.Replicas
        && left.FullyLabeledReplicas == right.FullyLabeledReplicas
        && left.ReadyReplicas == right.ReadyReplicas
        && left.AvailableReplicas == right.AvailableReplicas
        && left.TerminatingReplicas == right.TerminatingReplicas
        && left.ObservedGeneration == right.ObservedGeneration
        && (left.Conditions ?? []).Select(Essence).SequenceEqual((right.Conditions ?? []).Select(Essence));

    /// <summary>A zero count is left out of the status, as upstream's encoding does.</summary>
    private static int? OrNull(int count) => count == 0 ? null : count;

    private static List<V1ReplicaSetCondition>? Conditions(V1ReplicaSet set, int active, string? failure, DateTime now)
    {
        const string type = "ReplicaFailure";
        var others = (set.Status?.Conditions ?? []).Where(condition => condition.Type != type).ToList();
        if (failure is not null)
        {
            var reason = active < (set.Spec.Replicas ?? 1) ? "FailedCreate" : "FailedDelete";
            var old = set.Status?.Conditions?.FirstOrDefault(condition => condition.Type == type && condition.Reason == reason);
            others.Add(old ?? new V1ReplicaSetCondition
            {
                Type = type,
                Status = "True",
                Reason = reason,
                Message = failure,
                LastTransitionTime = now,
            });
        }

        return others.Count == 0 ? null : others;
    }

    private static (string, string, string) Essence(V1ReplicaSetCondition condition) =>
        (condition.Type, condition.Status, condition.Reason);
}
