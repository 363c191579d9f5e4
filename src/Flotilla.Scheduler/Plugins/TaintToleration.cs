using Flotilla.Api.Nodes;
using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Taints repel pods that do not tolerate them: for good (NoSchedule, NoExecute) or if it can be helped (PreferNoSchedule).</summary>
public sealed class TaintToleration : ILocalFilterPlugin, IScorePlugin
{
    private static readonly Verdict Untolerated = Verdict.Never("node(s) had untolerated taint(s)");

    public string Name => "TaintToleration";

    public int Weight => 3;

    public ClusterChange Unblocks => ClusterChange.Node | ClusterChange.PodItself;

    public bool Sign(PodInfo pod, PodSignature signature)
    {
        signature.Add(pod.Tolerations);
        return true;
    }

    public bool MayHelp(PodInfo pod, ClusterEvent change) => change.Node is null || Repelling(pod, change.Node.Spec?.Taints ?? []) is null;

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var pod = cycle.Pod;
        return node => node.IsTainted && Repelling(pod, node.Taints) is not null ? Untolerated : Verdict.Fits;
    }

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        // A look at each of the nodes is dear where there are thousands.
        if (cycle.Cluster.TaintedNodes == 0)
        {
            return false;
        }

        var any = false;
        for (var i = 0; i < nodes.Length; i++)
        {
            if (!nodes[i].IsTainted)
            {
                continue;
            }

            foreach (var taint in nodes[i].Taints)
            {
                if (taint.Effect == "PreferNoSchedule" && !Tolerations.Tolerate(cycle.Pod.Tolerations, taint))
                {
                    scores[i]++;
                    any = true;
                }
            }
        }

        if (any)
        {
            ScoreRange.ByHighest(scores, reverse: true);
        }

        return any;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster) =>
        Repelling(pod, node.Taints) is { } taint ? $"tolerate taint {taint.Key}{(string.IsNullOrEmpty(taint.Value) ? "" : "=" + taint.Value)}:{taint.Effect}" : null;

    private static V1Taint? Repelling(PodInfo pod, IEnumerable<V1Taint> taints)
    {
        foreach (var taint in taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !Tolerations.Tolerate(pod.Tolerations, taint))
            {
                return taint;
            }
        }

        return null;
    }
}
