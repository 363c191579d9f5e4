using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Pipeline;

/// <summary>Why a pod has no node: node by node and plugin by plugin, and in one sentence as upstream says it.</summary>
public sealed class Diagnosis
{
    private readonly List<NodeRejection> rejections = [];
    private readonly HashSet<IPlugin> rejectedBy = [];

    public required int NodeCount { get; init; }

    /// <summary>Set when the pod was rejected whatever the node.</summary>
    public Verdict Pod { get; private set; }

    /// <summary>The plugin that rejected it so.</summary>
    public IPlugin? PodRejectedBy { get; private set; }

    public IReadOnlyList<NodeRejection> Rejections => rejections;

    /// <summary>Every plugin that had a part in it: a change must be of interest to one of them to help.</summary>
    public IReadOnlyCollection<IPlugin> RejectedBy => rejectedBy;

    /// <summary>What the plugins that may make room have to say; null when nothing.</summary>
    public string? PostFilter { get; internal set; }

    /// <summary>What a PostFilter plugin wants written to the cluster.</summary>
    public Func<CancellationToken, Task>? Work { get; internal set; }

    /// <summary>A plugin failed, instead of rejecting.</summary>
    public bool IsError { get; private set; }

    public override string ToString()
    {
        if (NodeCount == 0)
        {
            return "no nodes available to schedule pods";
        }

        var reasons = Pod.IsFit ? Histogram(rejections.SelectMany(rejection => rejection.Verdict.Reasons!)) : string.Join(", ", Pod.Reasons!);
        if (IsError)
        {
            return reasons;
        }

        var text = $"0/{NodeCount} nodes are available: {reasons}.";
        return string.IsNullOrEmpty(PostFilter) ? text : $"{text} {PostFilter}";
    }

    /// <summary>"2 Insufficient cpu, 1 Too many pods": counted, and in the order of the text.</summary>
    public static string Histogram(IEnumerable<string> reasons) =>
        string.Join(", ", reasons
            .CountBy(reason => reason, StringComparer.Ordinal)
            .Select(group => $"{group.Value} {group.Key}")
            .Order(StringComparer.Ordinal));

    internal void Reject(IPlugin plugin, NodeInfo node, Verdict verdict)
    {
        rejections.Add(new NodeRejection(node, plugin, verdict));
        rejectedBy.Add(plugin);
        IsError |= verdict.Rejection == Rejection.Error;
    }

    internal void Reject(IPlugin plugin, Verdict verdict)
    {
        Pod = verdict;
        PodRejectedBy = plugin;
        rejectedBy.Add(plugin);
        IsError |= verdict.Rejection == Rejection.Error;
    }
}

public readonly record struct NodeRejection(NodeInfo Node, IPlugin Plugin, Verdict Verdict);
