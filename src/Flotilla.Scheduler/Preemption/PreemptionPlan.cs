using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Preemption;

/// <summary>
/// Which pods of lower priority to evict, and where, so that a pod fits: the node whose victims matter least, and
/// of its pods as few as possible. Tries it out on the snapshot and leaves that as it found it.
/// </summary>
public sealed record PreemptionPlan(string NodeName, IReadOnlyList<PodInfo> Victims)
{
    private const string NotHelpful = "Preemption is not helpful for scheduling";
    private const string NoVictims = "No preemption victims found for incoming pod";

    /// <summary>The plan, or null with the explanation left in <paramref name="diagnosis"/>.</summary>
    public static PreemptionPlan? For(PodInfo pod, Diagnosis diagnosis, ClusterSnapshot cluster, Placer placer)
    {
        if (!diagnosis.Pod.IsFit || diagnosis.NodeCount == 0)
        {
            return null;
        }

        if (Ineligible(pod, cluster) is { } reason)
        {
            diagnosis.Preemption = reason;
            return null;
        }

        List<string> reasons = [];
        PreemptionPlan? best = null;
        foreach (var (node, verdict) in diagnosis.Rejections)
        {
            if (verdict.Unresolvable)
            {
                reasons.Add(NotHelpful);
            }
            else if (On(node, pod, cluster, placer, reasons) is { } plan && (best is null || plan.Beats(best)))
            {
                best = plan;
            }
        }

        diagnosis.Preemption = best is null
            ? $"0/{diagnosis.NodeCount} nodes are available: {Diagnosis.Histogram(reasons)}."
            : null;
        return best;
    }

    private static string? Ineligible(PodInfo pod, ClusterSnapshot cluster)
    {
        if (pod.Pod.Spec.PreemptionPolicy == "Never")
        {
            return "not eligible due to preemptionPolicy=Never.";
        }

        // Victims of an earlier decision are still leaving: evicting more would be waste.
        return pod.Pod.Status?.NominatedNodeName is { Length: > 0 } nominated
            && cluster.Node(nominated) is { } node
            && node.Pods.Values.Any(other => other.Terminating && other.Priority < pod.Priority)
                ? "not eligible due to terminating pod on the nominated node."
                : null;
    }

    private static PreemptionPlan? On(NodeInfo node, PodInfo pod, ClusterSnapshot cluster, Placer placer, List<string> reasons)
    {
        var lower = node.Pods.Values.Where(other => other.Priority < pod.Priority).ToList();
        if (lower.Count == 0)
        {
            reasons.Add(NoVictims);
            return null;
        }

        lower.ForEach(other => cluster.Remove(other.Key));
        var victims = new List<PodInfo>();
        try
        {
            if (placer.Test(pod, node, cluster) is { IsFit: false } verdict)
            {
                victims = lower;
                reasons.AddRange(verdict.Reasons!);
                return null;
            }

            // The most important are put back first; who then still does not fit is a victim.
            foreach (var other in lower.OrderByDescending(other => other.Priority).ThenBy(Started))
            {
                cluster.Place(other, node.Name);
                if (!placer.Test(pod, node, cluster).IsFit)
                {
                    cluster.Remove(other.Key);
                    victims.Add(other);
                }
            }

            return new PreemptionPlan(node.Name, [.. victims]);
        }
        finally
        {
            victims.ForEach(other => cluster.Place(other, node.Name));
        }
    }

    private static DateTime Started(PodInfo pod) => pod.Pod.Status?.StartTime ?? DateTime.MaxValue;

    private bool Beats(PreemptionPlan other) => Rank().CompareTo(other.Rank()) < 0;

    private (int Highest, long Sum, int Count, long Youth) Rank() => (
        Victims.Count == 0 ? int.MinValue : Victims.Max(victim => victim.Priority),
        Victims.Sum(victim => (long)victim.Priority),
        Victims.Count,
        Victims.Count == 0 ? 0 : -Victims.Min(victim => Started(victim).Ticks));
}
