using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Preemption;

/// <summary>
/// Finds the node whose victims matter least, and of its pods as few as possible. Tries it out on the snapshot and leaves
/// that as it found it.
/// </summary>
public sealed class PreemptionSearch(PreemptionLimits limits)
{
    private const string NotHelpful = "Preemption is not helpful for scheduling";
    private const string NoVictims = "No preemption victims found for incoming pod";
    private int next;

    /// <returns>A plan, or why there is none.</returns>
    public (PreemptionPlan? Plan, string? Message) Find(SchedulingCycle cycle, Diagnosis why, Placer placer)
    {
        if (Ineligible(cycle, why) is { } reason)
        {
            return (null, reason);
        }

        List<NodeInfo> promising = why.Pod.IsFit
            ? [.. why.Rejections.Where(rejection => !rejection.Verdict.Unresolvable).Select(rejection => rejection.Node)]
            : why.Pod.Unresolvable ? [] : [.. cycle.Cluster.Nodes];
        List<string> reasons = [.. Enumerable.Repeat(NotHelpful, why.NodeCount - promising.Count)];
        var best = Best(cycle, placer, promising, reasons);
        return best is null
            ? (null, $"0/{why.NodeCount} nodes are available: {Diagnosis.Histogram(reasons)}.")
            : (best with { Displaced = cycle.Cluster.Nominations.Below(cycle.Pod, best.NodeName) }, null);
    }

    private static string? Ineligible(SchedulingCycle cycle, Diagnosis why)
    {
        var pod = cycle.Pod;
        if (pod.Pod.Spec.PreemptionPolicy == "Never")
        {
            return "not eligible due to preemptionPolicy=Never.";
        }

        // Victims of an earlier decision are still leaving: evicting more would be waste, unless that node is out of the question now.
        return cycle.Cluster.Nominations.NodeOf(pod) is { } node
            && !why.Rejections.Any(rejection => rejection.Node == node && rejection.Verdict.Unresolvable)
            && node.Pods.Values.Any(other => other.Priority < pod.Priority && other.IsPreempted)
                ? "not eligible due to a terminating pod on the nominated node."
                : null;
    }

    private PreemptionPlan? Best(SchedulingCycle cycle, Placer placer, List<NodeInfo> promising, List<string> reasons)
    {
        var enough = limits.For(promising.Count);
        PreemptionPlan? best = null;
        var (found, harmless) = (0, false);
        for (var i = 0; i < promising.Count && !(found >= enough && harmless); i++)
        {
            // Starting elsewhere each time, pods that preempt at once do not all try the same nodes.
            var node = promising[(next + i) % promising.Count];
            if (On(node, cycle, placer, reasons) is { } plan)
            {
                found++;
                harmless |= plan.Violations == 0;
                best = best is null || plan.Beats(best) ? plan : best;
            }
        }

        next++;
        return best;
    }

    private static PreemptionPlan? On(NodeInfo node, SchedulingCycle cycle, Placer placer, List<string> reasons)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        var lower = node.Pods.Values.Where(other => other.Priority < pod.Priority).ToList();
        if (lower.Count == 0)
        {
            reasons.Add(NoVictims);
            return null;
        }

        lower.Sort(PreemptionPlan.ByImportance);
        lower.ForEach(other => cluster.Remove(other.Key));
        var victims = lower;
        try
        {
            if (Test() is { IsFit: false } verdict)
            {
                reasons.AddRange(verdict.Reasons!);
                return null;
            }

            victims = [];
            var guarded = cluster.Budgets.Violated(lower);
            var violations = guarded.Count(other => !Spare(other));
            foreach (var other in lower.Where(other => !guarded.Contains(other)))
            {
                Spare(other);
            }

            victims.Sort(PreemptionPlan.ByImportance);

            // Everybody could stay: whatever kept the pod away before is gone, and the next attempt will see it.
            return victims.Count == 0 ? null : new PreemptionPlan(node.Name, [.. victims], violations);
        }
        finally
        {
            victims.ForEach(other => cluster.Place(other, node.Name));
        }

        Verdict Test() => new FilterRun(placer.Plugins, cycle).Test(node).Verdict;

        bool Spare(PodInfo other)
        {
            cluster.Place(other, node.Name);
            if (Test().IsFit)
            {
                return true;
            }

            cluster.Remove(other.Key);
            victims.Add(other);
            return false;
        }
    }
}
