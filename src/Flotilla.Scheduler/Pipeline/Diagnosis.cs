using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Why a pod has no node: node by node and plugin by plugin, and in one sentence as upstream says it.</summary>
public sealed class Diagnosis
{
    private readonly List<(NodeInfo Node, Verdict Verdict)> rejections = [];

    public required int NodeCount { get; init; }

    /// <summary>Set when the pod was rejected whatever the node.</summary>
    public Verdict Pod { get; internal set; }

    public IReadOnlyList<(NodeInfo Node, Verdict Verdict)> Rejections => rejections;

    /// <summary>What may help: the union over the plugins that rejected.</summary>
    public ClusterChange WaitsFor { get; private set; }

    /// <summary>What preemption found; null when there is nothing to say about it.</summary>
    public string? Preemption { get; internal set; }

    public override string ToString()
    {
        if (NodeCount == 0)
        {
            return "no nodes available to schedule pods";
        }

        if (!Pod.IsFit)
        {
            return $"0/{NodeCount} nodes are available: {string.Join(", ", Pod.Reasons!)}. not found";
        }

        var reasons = Histogram(rejections.SelectMany(rejection => rejection.Verdict.Reasons!));
        var text = $"0/{NodeCount} nodes are available: {reasons}.";
        return Preemption is null ? text : $"{text} no new claims to deallocate, preemption: {Preemption}";
    }

    /// <summary>"2 Insufficient cpu, 1 Too many pods": counted, and in the order of the text.</summary>
    public static string Histogram(IEnumerable<string> reasons) =>
        string.Join(", ", reasons
            .GroupBy(reason => reason, StringComparer.Ordinal)
            .Select(group => $"{group.Count()} {group.Key}")
            .Order(StringComparer.Ordinal));

    internal void Reject(IFilterPlugin plugin, NodeInfo node, Verdict verdict)
    {
        rejections.Add((node, verdict));
        WaitsFor |= plugin.Unblocks;
    }

    internal void Reject(IFilterPlugin plugin, Verdict verdict)
    {
        Pod = verdict;
        WaitsFor |= plugin.Unblocks;
    }
}
