using k8s.Models;

namespace Flotilla.Controllers.Deployments;

internal static class RevisionHistory
{
    /// <summary>Old sets that a rollback could go to, beyond the number to keep; those without any pods only.</summary>
    public static IReadOnlyList<V1ReplicaSet> Surplus(V1Deployment deployment, IReadOnlyList<V1ReplicaSet> old)
    {
        if (deployment.Spec.RevisionHistoryLimit is not { } limit || limit == int.MaxValue)
        {
            return [];
        }

        var present = old.Where(set => !set.IsDeleting()).ToList();
        return
        [
            .. present
                .OrderBy(Revisions.RevisionOf)
                .ThenBy(set => set.Metadata.CreationTimestamp)
                .Take(Math.Max(0, present.Count - limit))
                .Where(IsIdle),
        ];
    }

    private static bool IsIdle(V1ReplicaSet set) =>
        RolloutSets.Size(set) == 0
        && (set.Status?.Replicas ?? 0) == 0
        && (set.Metadata.Generation ?? 0) <= (set.Status?.ObservedGeneration ?? 0);
}
