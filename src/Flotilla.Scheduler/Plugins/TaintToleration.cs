using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>Taints repel pods that do not tolerate them: for good (NoSchedule, NoExecute) or if it can be helped (PreferNoSchedule).</summary>
public sealed class TaintToleration : IFilterPlugin, IScorePlugin
{
    public string Name => "TaintToleration";

    public int Weight => 3;

    public ClusterChange Unblocks => ClusterChange.Node;

    public NodeFilter? For(PodInfo pod, ClusterSnapshot cluster) => node =>
    {
        foreach (var taint in node.Taints)
        {
            if (taint.Effect is "NoSchedule" or "NoExecute" && !Tolerations.Tolerate(pod.Tolerations, taint))
            {
                return Verdict.Never("node(s) had untolerated taint(s)");
            }
        }

        return Verdict.Fits;
    };

    public bool Score(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes, Span<double> scores)
    {
        var any = false;
        for (var i = 0; i < nodes.Length; i++)
        {
            foreach (var taint in nodes[i].Taints)
            {
                if (taint.Effect == "PreferNoSchedule" && !Tolerations.Tolerate(pod.Tolerations, taint))
                {
                    scores[i]++;
                    any = true;
                }
            }
        }

        ScoreRange.ByHighest(scores, reverse: true);
        return any;
    }
}
