using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Tests.Random;

/// <summary>The victims on one node by the letter: all less important pods go, then return one by one, the most important first.</summary>
internal static class NaivePreemption
{
    public static PreemptionPlan? On(NodeInfo node, SchedulingCycle cycle, Placer placer)
    {
        var (pod, cluster) = (cycle.Pod, cycle.Cluster);
        if (Fits() || new FilterRun(placer.Plugins, cycle).Test(node).Verdict.Unresolvable)
        {
            return null;
        }

        var lower = node.Pods.Values.Where(other => other.Priority < pod.Priority)
            .OrderByDescending(other => other.Priority).ThenBy(other => other.Pod.Status.StartTime).ToList();
        lower.ForEach(other => cluster.Remove(other.Key));
        List<PodInfo> victims = [];
        var possible = lower.Count > 0 && Fits();
        foreach (var other in lower)
        {
            cluster.Place(other, node.Name);
            if (possible && !Fits())
            {
                cluster.Remove(other.Key);
                victims.Add(other);
            }
        }

        victims.ForEach(other => cluster.Place(other, node.Name));
        return possible && victims.Count > 0 ? new PreemptionPlan(node.Name, victims) : null;

        bool Fits() => new FilterRun(placer.Plugins, cycle).Test(node).Verdict.IsFit;
    }
}
