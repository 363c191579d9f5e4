using Flotilla.Api.Nodes;
using k8s.Models;

namespace Flotilla.Controllers.Nodes;

internal static class EvictionPlan
{
    /// <summary>When a pod must leave a node with these taints; null: never, as far as they are concerned.</summary>
    public static DateTime? LeaveAt(V1Pod pod, IEnumerable<V1Taint>? taints, DateTime now)
    {
        DateTime? leave = null;
        foreach (var taint in (taints ?? []).Where(taint => taint.Effect == Taints.NoExecute))
        {
            var tolerations = (pod.Spec.Tolerations ?? []).Where(toleration => Tolerations.Tolerates(toleration, taint)).ToList();
            var since = taint.TimeAdded ?? now;
            DateTime? at = tolerations.Count == 0
                ? since
                : tolerations.Min(toleration => toleration.TolerationSeconds) is { } seconds ? since.AddSeconds(Math.Max(0, seconds)) : null;
            leave = at is null || leave <= at ? leave : at;
        }

        return leave;
    }
}
