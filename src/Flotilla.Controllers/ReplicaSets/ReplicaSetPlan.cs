using Flotilla.Controllers.Pods;
using k8s.Models;

namespace Flotilla.Controllers.ReplicaSets;

/// <summary>How many pods to create, or which to delete, so that a set has as many as it wants.</summary>
internal sealed record ReplicaSetPlan(int Create, IReadOnlyList<V1Pod> Delete)
{
    /// <summary>More in one go would keep other sets waiting.</summary>
    public const int MaxAtOnce = 500;

    /// <param name="pods">Those the set has, in whatever state.</param>
    /// <param name="related">Those of sibling sets too: they tell which nodes are crowded.</param>
    public static ReplicaSetPlan For(V1ReplicaSet set, IReadOnlyCollection<V1Pod> pods, Func<IEnumerable<V1Pod>> related, DateTime now)
    {
        if (set.IsDeleting())
        {
            return new ReplicaSetPlan(0, []);
        }

        var active = pods.Where(pod => pod.IsActive()).ToList();
        var missing = (set.Spec.Replicas ?? 1) - active.Count;
        return missing >= 0
            ? new ReplicaSetPlan(Math.Min(missing, MaxAtOnce), [])
            : new ReplicaSetPlan(0, DeletionOrder.FirstToDelete(active, Math.Min(-missing, MaxAtOnce), related(), now));
    }
}
