using Flotilla.Scheduler.Pipeline;
using Flotilla.Scheduler.Snapshot;

namespace Flotilla.Scheduler.Batching;

/// <summary>
/// What the local rules said about each node for pods of one signature. An answer holds while its node has the version
/// it was given at, so a decision asks anew only about the nodes that have changed since the last one.
/// </summary>
internal sealed class NodeAnswers(string signature)
{
    private IReadOnlyList<NodeInfo>? nodes;
    private Answer[] answers = [];
    private bool wasSeen;

    public string Signature => signature;

    /// <summary>The answers about these nodes, by position; null for the first pod of its kind, which may be the only one.</summary>
    public Answer[]? For(IReadOnlyList<NodeInfo> all)
    {
        if (!wasSeen)
        {
            wasSeen = true;
            return null;
        }

        // The list is made anew when a node comes or goes.
        if (!ReferenceEquals(nodes, all))
        {
            nodes = all;
            answers = new Answer[all.Count];
        }

        return answers;
    }
}

/// <summary>About one node. The default one is outdated for every node: versions begin above it.</summary>
internal struct Answer
{
    /// <summary>Of the node, when it was asked about.</summary>
    public long Version;

    /// <summary>Where the node's version stands.</summary>
    public int Place;

    /// <summary>Of the local filters, the first that rejects the node, by its place among all filters.</summary>
    public int RejectedAt;

    public Verdict Verdict;

    public bool IsScored;

    /// <summary>Of all local scores, by weight.</summary>
    public long Score;
}
