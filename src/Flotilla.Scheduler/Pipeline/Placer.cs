using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>
/// Filter, then score: finds the node for one pod in a snapshot. Of a large cluster it looks only until it has
/// found enough nodes that fit, starting where the last pod's search ended, so that all nodes get their turn.
/// </summary>
public sealed class Placer(PluginSet plugins)
{
    private const int AlwaysLookAt = 100;
    private const int LeastPercent = 5;
    private int next;
    private NodeInfo[] feasible = [];
    private double[] totals = [];
    private double[] scores = [];

    public Decision Place(PodInfo pod, ClusterSnapshot cluster)
    {
        var diagnosis = new Diagnosis { NodeCount = cluster.Nodes.Count };
        if (cluster.Nodes.Count == 0 || !Admits(pod, cluster, diagnosis))
        {
            return new Decision(null, diagnosis);
        }

        var filters = FiltersFor(pod, cluster);
        var count = FindFeasible(cluster, filters, diagnosis);
        return count switch
        {
            0 => new Decision(null, diagnosis),
            1 => new Decision(feasible[0].Name, null),
            _ => new Decision(Best(pod, cluster, feasible.AsSpan(0, count)).Name, null),
        };
    }

    /// <summary>Whether the pod fits this node as the snapshot stands; for asking "what if".</summary>
    public Verdict Test(PodInfo pod, NodeInfo node, ClusterSnapshot cluster)
    {
        foreach (var (_, filter) in FiltersFor(pod, cluster))
        {
            if (filter(node) is { IsFit: false } verdict)
            {
                return verdict;
            }
        }

        return Verdict.Fits;
    }

    private static int Enough(int nodes) =>
        nodes <= AlwaysLookAt ? nodes : Math.Max(AlwaysLookAt, nodes * Math.Max(LeastPercent, 50 - (nodes / 125)) / 100);

    private bool Admits(PodInfo pod, ClusterSnapshot cluster, Diagnosis diagnosis)
    {
        foreach (var plugin in plugins.Filters)
        {
            if (plugin.Check(pod, cluster) is { IsFit: false } verdict)
            {
                diagnosis.Reject(plugin, verdict);
                return false;
            }
        }

        return true;
    }

    private List<(IFilterPlugin Plugin, NodeFilter Filter)> FiltersFor(PodInfo pod, ClusterSnapshot cluster)
    {
        List<(IFilterPlugin, NodeFilter)> filters = new(plugins.Filters.Count);
        foreach (var plugin in plugins.Filters)
        {
            if (plugin.For(pod, cluster) is { } filter)
            {
                filters.Add((plugin, filter));
            }
        }

        return filters;
    }

    private int FindFeasible(ClusterSnapshot cluster, List<(IFilterPlugin Plugin, NodeFilter Filter)> filters, Diagnosis diagnosis)
    {
        var nodes = cluster.Nodes;
        var enough = Enough(nodes.Count);
        if (feasible.Length < nodes.Count)
        {
            feasible = new NodeInfo[nodes.Count];
            totals = new double[nodes.Count];
            scores = new double[nodes.Count];
        }

        var found = 0;
        var start = next % nodes.Count;
        var looked = 0;
        for (; looked < nodes.Count && found < enough; looked++)
        {
            var node = nodes[(start + looked) % nodes.Count];
            if (Passes(node, filters, diagnosis))
            {
                feasible[found++] = node;
            }
        }

        next = (start + looked) % nodes.Count;
        return found;
    }

    private static bool Passes(NodeInfo node, List<(IFilterPlugin Plugin, NodeFilter Filter)> filters, Diagnosis diagnosis)
    {
        foreach (var (plugin, filter) in filters)
        {
            if (filter(node) is { IsFit: false } verdict)
            {
                diagnosis.Reject(plugin, node, verdict);
                return false;
            }
        }

        return true;
    }

    private NodeInfo Best(PodInfo pod, ClusterSnapshot cluster, ReadOnlySpan<NodeInfo> nodes)
    {
        var total = totals.AsSpan(0, nodes.Length);
        var score = scores.AsSpan(0, nodes.Length);
        total.Clear();
        foreach (var plugin in plugins.Scorers)
        {
            score.Clear();
            if (plugin.Score(pod, cluster, nodes, score))
            {
                for (var i = 0; i < nodes.Length; i++)
                {
                    total[i] += score[i] * plugin.Weight;
                }
            }
        }

        var best = 0;
        for (var i = 1; i < nodes.Length; i++)
        {
            // Equals stay in rotation order, which already differs from pod to pod.
            if (total[i] > total[best])
            {
                best = i;
            }
        }

        return nodes[best];
    }
}
