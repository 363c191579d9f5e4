using System.Runtime.InteropServices;
using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Plugins;

/// <summary>
/// Keeps like pods evenly over zones, nodes or any other topology: <c>DoNotSchedule</c> constraints filter,
/// <c>ScheduleAnyway</c> ones (and the defaults for workloads that set none) score.
/// </summary>
/// <param name="defaults">For pods without constraints of their own; null for the system's.</param>
public sealed class PodTopologySpread(SpreadDefaults? defaults = null) : IFilterPlugin, IScorePlugin
{
    private static readonly Verdict MissingLabel = Verdict.Never("node(s) didn't match pod topology spread constraints (missing required label)");
    private static readonly Verdict TooSkewed = Verdict.No("node(s) didn't match pod topology spread constraints");
    private readonly SpreadDefaults defaults = defaults ?? SpreadDefaults.System;

    public string Name => "PodTopologySpread";

    public int Weight => 2;

    public ClusterChange Unblocks =>
        ClusterChange.Node | ClusterChange.PodGone | ClusterChange.PodPlaced | ClusterChange.PodItself;

    /// <summary>Pods of other namespaces do not count.</summary>
    public bool MayHelp(PodInfo pod, ClusterEvent change) => change.Pod is null || change.Pod.Namespace == pod.Namespace;

    public NodeFilter? Filter(SchedulingCycle cycle)
    {
        var constraints = ConstraintsOf(cycle, "DoNotSchedule");
        if (constraints.Length == 0)
        {
            return null;
        }

        var counts = Array.ConvertAll(constraints, constraint => new SpreadCount(cycle, constraint, constraints));
        return node => Judge(counts, node);
    }

    public bool Score(SchedulingCycle cycle, ReadOnlySpan<NodeInfo> nodes, Span<long> scores)
    {
        var constraints = ConstraintsOf(cycle, "ScheduleAnyway");
        if (constraints.Length == 0)
        {
            return false;
        }

        // The system's defaults tolerate nodes without a zone; constraints that somebody set do not.
        var isSystems = defaults.AreSystems && (cycle.Pod.Pod.Spec.TopologySpreadConstraints ?? []).Count == 0;
        var required = isSystems ? [] : constraints;
        var ignored = new bool[nodes.Length];
        for (var i = 0; i < nodes.Length; i++)
        {
            ignored[i] = !SpreadCount.HasAll(nodes[i], required);
        }

        var sums = new double[nodes.Length];
        foreach (var constraint in constraints)
        {
            Add(cycle, constraint, required, nodes, ignored, sums);
        }

        Normalize(sums, ignored, scores);
        return true;
    }

    public string? Remedy(PodInfo pod, NodeInfo node, ClusterSnapshot cluster)
    {
        var cycle = new SchedulingCycle(pod, cluster);
        var constraints = ConstraintsOf(cycle, "DoNotSchedule");
        foreach (var constraint in constraints)
        {
            if (!node.Labels.TryGetValue(constraint.TopologyKey, out var domain))
            {
                return $"label the node with {constraint.TopologyKey}";
            }

            var count = new SpreadCount(cycle, constraint, constraints);
            if (count.SkewWith(domain) > constraint.MaxSkew)
            {
                return $"{constraint.TopologyKey}={domain} holds {count.At(domain)} such pods and the emptiest {count.Lowest}: at most {constraint.MaxSkew} more are allowed";
            }
        }

        return null;
    }

    private static Verdict Judge(SpreadCount[] counts, NodeInfo node)
    {
        foreach (var count in counts)
        {
            if (!node.Labels.TryGetValue(count.Constraint.TopologyKey, out var domain))
            {
                return MissingLabel;
            }

            if (count.SkewWith(domain) > count.Constraint.MaxSkew)
            {
                return TooSkewed;
            }
        }

        return Verdict.Fits;
    }

    private SpreadConstraint[] ConstraintsOf(SchedulingCycle cycle, string whenUnsatisfiable) =>
        cycle.Pod.Pod.Spec.TopologySpreadConstraints is { Count: > 0 }
            ? SpreadConstraint.Of(cycle.Pod, whenUnsatisfiable)
            : defaults.For(cycle.Pod, cycle.Cluster, whenUnsatisfiable);

    private static void Add(
        SchedulingCycle cycle, SpreadConstraint constraint, SpreadConstraint[] required,
        ReadOnlySpan<NodeInfo> nodes, bool[] ignored, double[] sums)
    {
        var byHost = constraint.TopologyKey == SpreadConstraint.Hostname;
        Dictionary<string, long> domains = new(StringComparer.Ordinal);
        var looked = 0;
        for (var i = 0; i < nodes.Length; i++)
        {
            if (!ignored[i])
            {
                looked++;
                if (!byHost)
                {
                    domains.TryAdd(nodes[i].Labels.GetValueOrDefault(constraint.TopologyKey, ""), 0);
                }
            }
        }

        var counted = constraint.Counted(cycle.Pod, cycle.Cluster);
        if (!byHost)
        {
            CountDomains(cycle, constraint, required, counted, domains);
        }

        // More domains mean smaller counts: the logarithm keeps constraints over few and many domains comparable.
        var weight = Math.Log((byHost ? looked : domains.Count) + 2);
        for (var i = 0; i < nodes.Length; i++)
        {
            if (!ignored[i] && nodes[i].Labels.TryGetValue(constraint.TopologyKey, out var domain))
            {
                var pods = byHost ? counted.CountByNode.GetValueOrDefault(nodes[i]) : domains.GetValueOrDefault(domain);
                sums[i] += (pods * weight) + (constraint.MaxSkew - 1);
            }
        }
    }

    private static void CountDomains(
        SchedulingCycle cycle, SpreadConstraint constraint, SpreadConstraint[] required, PodGroup counted, Dictionary<string, long> domains)
    {
        var eligible = SpreadCount.Eligible(cycle, constraint, required);
        if (eligible is null)
        {
            foreach (var (domain, pods) in counted.CountByDomain(constraint.TopologyKey))
            {
                Add(domain, pods);
            }

            return;
        }

        foreach (var (node, pods) in counted.CountByNode)
        {
            if (node.Exists && eligible(node))
            {
                Add(node.Labels.GetValueOrDefault(constraint.TopologyKey, ""), pods);
            }
        }

        void Add(string domain, int pods)
        {
            ref var count = ref CollectionsMarshal.GetValueRefOrNullRef(domains, domain);
            if (!System.Runtime.CompilerServices.Unsafe.IsNullRef(ref count))
            {
                count += pods;
            }
        }
    }

    private static void Normalize(double[] sums, bool[] ignored, Span<long> scores)
    {
        long lowest = long.MaxValue, highest = 0;
        for (var i = 0; i < sums.Length; i++)
        {
            scores[i] = (long)Math.Round(sums[i], MidpointRounding.AwayFromZero);
            if (!ignored[i])
            {
                lowest = Math.Min(lowest, scores[i]);
                highest = Math.Max(highest, scores[i]);
            }
        }

        for (var i = 0; i < sums.Length; i++)
        {
            scores[i] = ignored[i] ? 0
                : highest == 0 ? ScoreRange.Max
                : ScoreRange.Max * (highest + lowest - scores[i]) / highest;
        }
    }
}
