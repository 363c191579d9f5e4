namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// Pods that no selector and no affinity term can tell apart (same namespace, labels and terms), counted by node.
/// Replicas fall into one group, so spreading and affinity cost what the cluster has of kinds of pods, not of pods.
/// </summary>
public sealed class PodGroup(string podNamespace, IReadOnlyDictionary<string, string> labels, bool terminating, PodAffinity affinity)
{
    private readonly Dictionary<NodeInfo, int> countByNode = [];

    public string Namespace => podNamespace;

    public IReadOnlyDictionary<string, string> Labels => labels;

    public bool Terminating => terminating;

    public PodAffinity Affinity => affinity;

    public IReadOnlyDictionary<NodeInfo, int> CountByNode => countByNode;

    public bool IsEmpty => countByNode.Count == 0;

    internal void Add(NodeInfo node) => countByNode[node] = countByNode.GetValueOrDefault(node) + 1;

    internal void Remove(NodeInfo node)
    {
        var left = countByNode.GetValueOrDefault(node) - 1;
        if (left > 0)
        {
            countByNode[node] = left;
        }
        else
        {
            countByNode.Remove(node);
        }
    }
}
