namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// Pods that no selector and no affinity term can tell apart (same namespace, labels and terms), counted by node.
/// Replicas fall into one group, so spreading and affinity cost what the cluster has of kinds of pods, not of pods.
/// </summary>
public sealed class PodGroup(string podNamespace, IReadOnlyDictionary<string, string> labels, bool terminating, PodAffinity affinity)
{
    private readonly Dictionary<NodeInfo, int> countByNode = [];

    // Made when first asked for, then kept up to date; dropped when a node's labels change.
    private Dictionary<string, Dictionary<string, int>>? countByDomain;

    public string Namespace => podNamespace;

    public IReadOnlyDictionary<string, string> Labels => labels;

    public bool Terminating => terminating;

    public PodAffinity Affinity => affinity;

    public IReadOnlyDictionary<NodeInfo, int> CountByNode => countByNode;

    public bool IsEmpty => countByNode.Count == 0;

    /// <summary>Pods by value of a label of their nodes, e.g. by zone. Nodes without it, or unknown, do not count.</summary>
    public IReadOnlyDictionary<string, int> CountByDomain(string topologyKey)
    {
        countByDomain ??= new(StringComparer.Ordinal);
        if (!countByDomain.TryGetValue(topologyKey, out var counts))
        {
            countByDomain.Add(topologyKey, counts = new(StringComparer.Ordinal));
            foreach (var (node, pods) in countByNode)
            {
                Count(topologyKey, counts, node, pods);
            }
        }

        return counts;
    }

    internal void Add(NodeInfo node, int pods = 1)
    {
        countByNode[node] = countByNode.GetValueOrDefault(node) + pods;
        CountByDomains(node, pods);
    }

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

        CountByDomains(node, -1);
    }

    internal void ForgetDomains() => countByDomain = null;

    private static void Count(string topologyKey, Dictionary<string, int> counts, NodeInfo node, int change)
    {
        if (node.Exists && node.Labels.TryGetValue(topologyKey, out var domain))
        {
            var count = counts.GetValueOrDefault(domain) + change;
            if (count == 0)
            {
                counts.Remove(domain);
            }
            else
            {
                counts[domain] = count;
            }
        }
    }

    private void CountByDomains(NodeInfo node, int change)
    {
        if (countByDomain is not null)
        {
            foreach (var (key, counts) in countByDomain)
            {
                Count(key, counts, node, change);
            }
        }
    }
}
