using Flotilla.Scheduler.Batching;
using Flotilla.Scheduler.Preemption;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>
/// Filter, then score: finds the node for one pod in a snapshot. Of a large cluster it looks only until it has
/// found enough nodes that fit, starting where the last pod's search ended, so that all nodes get their turn. Of nodes that
/// have not changed since a like pod came, it knows already what the rules about single nodes say.
/// </summary>
/// <param name="percentageOfNodesToScore">How many of the nodes that fit are enough; 0 lets the size of the cluster decide.</param>
public sealed class Placer(PluginSet plugins, int percentageOfNodesToScore = 0)
{
    private const int AlwaysLookAt = 100;
    private const int LeastPercent = 5;
    private readonly AnswerBook book = new(plugins);
    private int next;
    private NodeInfo[] feasible = [];
    private int[] places = [];
    private long[] totals = [];
    private long[] scores = [];

    public PluginSet Plugins => plugins;

    public Decision Place(PodInfo pod, ClusterSnapshot cluster) => Place(new SchedulingCycle(pod, cluster));

    public Decision Place(SchedulingCycle cycle)
    {
        var nodes = cycle.Cluster.Nodes;
        var diagnosis = new Diagnosis { NodeCount = nodes.Count };
        if (nodes.Count == 0 || !Candidates(cycle, diagnosis, ref nodes))
        {
            return new Decision(null, diagnosis);
        }

        var filters = new FilterRun(plugins, cycle);
        if (cycle.Cluster.Nominations.NodeOf(cycle.Pod) is { } nominated && filters.Test(nominated).Verdict.IsFit)
        {
            return new Decision(nominated.Name, null);
        }

        var known = ReferenceEquals(nodes, cycle.Cluster.Nodes) ? book.For(cycle.Pod, nodes) : null;
        var count = FindFeasible(nodes, filters, known, diagnosis);
        if (count == 0 && nodes.Count < diagnosis.NodeCount)
        {
            RejectOthers(cycle, nodes, diagnosis);
        }

        return count switch
        {
            0 => new Decision(null, diagnosis),
            1 => new Decision(feasible[0].Name, null),
            _ => new Decision(Best(cycle, feasible.AsSpan(0, count), known).Name, null),
        };
    }

    /// <summary>Every node's rejection, or none for a node that fits; for explaining, not for deciding.</summary>
    public IEnumerable<(NodeInfo Node, IPlugin? Plugin, Verdict Verdict)> Explain(SchedulingCycle cycle)
    {
        var filters = new FilterRun(plugins, cycle);
        foreach (var node in cycle.Cluster.Nodes)
        {
            var (plugin, verdict) = filters.Test(node);
            yield return (node, plugin, verdict);
        }
    }

    /// <summary>Whether any PreFilter rejects the pod, and the nodes that are left to look at.</summary>
    public bool Candidates(SchedulingCycle cycle, Diagnosis diagnosis, ref IReadOnlyList<NodeInfo> nodes)
    {
        HashSet<string>? names = null;
        List<IPlugin>? restricting = null;
        foreach (var plugin in plugins.PreFilters)
        {
            var result = plugin.PreFilter(cycle);
            if (!result.Verdict.IsFit)
            {
                diagnosis.Reject(plugin, result.Verdict);
                return false;
            }

            if (result.NodeNames is { } only)
            {
                (restricting ??= []).Add(plugin);
                names = names is null ? [.. only] : [.. names.Intersect(only, StringComparer.Ordinal)];
                if (names.Count == 0)
                {
                    var which = string.Join(' ', restricting.Select(one => one.Name).Order(StringComparer.Ordinal));
                    diagnosis.Reject(plugin, Verdict.Never(restricting.Count == 1
                        ? $"node(s) didn't satisfy plugin {which}"
                        : $"node(s) didn't satisfy plugin(s) [{which}] simultaneously"));
                    return false;
                }
            }
        }

        if (names is not null)
        {
            nodes = [.. names.Select(cycle.Cluster.Node).OfType<NodeInfo>()];
        }

        return true;
    }

    /// <summary>Asks PostFilter plugins for room. What they say when there is none becomes part of the diagnosis.</summary>
    public PreemptionPlan? MakeRoom(SchedulingCycle cycle, Diagnosis why)
    {
        List<string> messages = [];
        foreach (var plugin in plugins.PostFilters)
        {
            var result = plugin.PostFilter(cycle, why, this);
            if (result.Plan is not null)
            {
                return result.Plan;
            }

            if (result.IsError)
            {
                messages = [result.Message!];
                break;
            }

            why.Work ??= result.Work;
            if (result.Message is { } message)
            {
                messages.Add(message);
            }
        }

        why.PostFilter = string.Join(", ", messages);
        return null;
    }

    private void RejectOthers(SchedulingCycle cycle, IReadOnlyList<NodeInfo> looked, Diagnosis diagnosis)
    {
        var seen = looked.ToHashSet();
        var restricting = plugins.PreFilters.Where(plugin => plugin.PreFilter(cycle).NodeNames is not null).ToList();
        var verdict = Verdict.Never($"node(s) didn't satisfy plugin(s) [{string.Join(' ', restricting.Select(plugin => plugin.Name).Order(StringComparer.Ordinal))}]");
        foreach (var node in cycle.Cluster.Nodes.Where(node => !seen.Contains(node)))
        {
            diagnosis.Reject(restricting[0], node, verdict);
        }
    }

    private int Enough(int nodes)
    {
        if (plugins.Scorers.Count == 0)
        {
            return 1;
        }

        var percent = percentageOfNodesToScore > 0 ? percentageOfNodesToScore : Math.Max(LeastPercent, 50 - (nodes / 125));
        return nodes < AlwaysLookAt ? nodes : Math.Max(AlwaysLookAt, nodes * percent / 100);
    }

    private int FindFeasible(IReadOnlyList<NodeInfo> nodes, FilterRun filters, Answer[]? known, Diagnosis diagnosis)
    {
        var enough = Enough(nodes.Count);
        if (feasible.Length < nodes.Count)
        {
            feasible = new NodeInfo[nodes.Count];
            places = new int[nodes.Count];
            totals = new long[nodes.Count];
            scores = new long[nodes.Count];
        }

        var found = 0;
        var all = nodes as NodeInfo[] ?? [.. nodes];
        var at = all.Length == 0 ? 0 : next % all.Length;
        var looked = 0;
        for (; looked < all.Length && found < enough; looked++)
        {
            var node = all[at];
            var (plugin, verdict) = known is null ? filters.Test(node) : filters.Test(node, ref known[at]);
            if (verdict.IsFit)
            {
                (feasible[found], places[found++]) = (node, at);
            }
            else
            {
                diagnosis.Reject(plugin!, node, verdict);
            }

            at = at + 1 == all.Length ? 0 : at + 1;
        }

        next = (next + looked) % diagnosis.NodeCount;
        return found;
    }

    private NodeInfo Best(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Answer[]? known)
    {
        var total = totals.AsSpan(0, nodes.Length);
        total.Clear();
        if (known is not null)
        {
            AddKnown(cycle, nodes, known, total);
        }

        foreach (var (plugin, weight) in plugins.Scorers)
        {
            if (known is null || plugin is not ILocalScorePlugin)
            {
                Add(plugin, weight, cycle, nodes, total);
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

    private void AddKnown(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Answer[] known, Span<long> total)
    {
        for (var i = 0; i < nodes.Length; i++)
        {
            ref var answer = ref known[places[i]];
            if (!answer.IsScored)
            {
                foreach (var (plugin, weight) in plugins.LocalScorers)
                {
                    Add(plugin, weight, cycle, nodes.Slice(i, 1), new Span<long>(ref answer.Score));
                }

                answer.IsScored = true;
            }

            total[i] = answer.Score;
        }
    }

    private void Add(IScorePlugin plugin, int weight, SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> total)
    {
        var score = scores.AsSpan(0, nodes.Length);
        score.Clear();
        if (plugin.Score(cycle, nodes, score))
        {
            for (var i = 0; i < nodes.Length; i++)
            {
                total[i] += score[i] * weight;
            }
        }
    }
}
