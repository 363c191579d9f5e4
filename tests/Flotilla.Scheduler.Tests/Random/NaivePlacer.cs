using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Tests.Random;

/// <summary>Decides by asking every rule about every node for every pod, and remembers nothing but whose turn it is.</summary>
internal sealed class NaivePlacer(PluginSet plugins)
{
    private int next;

    /// <summary>The node's name, or why there is none.</summary>
    public string Place(PodInfo pod, ClusterSnapshot cluster)
    {
        var cycle = new SchedulingCycle(pod, cluster);
        var all = cluster.Nodes;
        foreach (var plugin in plugins.PreFilters)
        {
            Assert.True(plugin.PreFilter(cycle).Verdict.IsFit);
        }

        var enough = all.Count < 100 ? all.Count : Math.Max(100, all.Count * Math.Max(5, 50 - (all.Count / 125)) / 100);
        List<NodeInfo> feasible = [];
        List<string> reasons = [];
        var start = next;
        for (var i = 0; i < all.Count && feasible.Count < enough; i++)
        {
            var node = all[(start + i) % all.Count];
            next = (start + i + 1) % all.Count;
            if (Rejection(cycle, node) is { } why)
            {
                reasons.AddRange(why);
            }
            else
            {
                feasible.Add(node);
            }
        }

        return feasible.Count == 0 ? Diagnosis.Histogram(reasons) : Best(cycle, [.. feasible]);
    }

    // With whoever is to get the room, and without him.
    private IReadOnlyList<string>? Rejection(SchedulingCycle cycle, NodeInfo node)
    {
        var nominated = cycle.Cluster.Nominations.Before(cycle.Pod, node);
        nominated.ForEach(other => cycle.Cluster.Place(other, node.Name));
        var with = Reasons();
        nominated.ForEach(other => cycle.Cluster.Remove(other.Key));
        return with ?? Reasons();

        IReadOnlyList<string>? Reasons() =>
            plugins.Filters.Select(plugin => plugin.Filter(cycle)?.Invoke(node) ?? Verdict.Fits).FirstOrDefault(verdict => !verdict.IsFit).Reasons;
    }

    private string Best(SchedulingCycle cycle, NodeInfo[] nodes)
    {
        if (nodes.Length == 1)
        {
            return nodes[0].Name;
        }

        var totals = new long[nodes.Length];
        foreach (var (plugin, weight) in plugins.Scorers)
        {
            var scores = new long[nodes.Length];
            if (plugin.Score(cycle, nodes, scores))
            {
                totals = [.. totals.Zip(scores, (total, score) => total + (score * weight))];
            }
        }

        return nodes[Array.IndexOf(totals, totals.Max())].Name;
    }
}
