using Flotilla.Api;
using k8s.Models;

namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// Every node with the pods bound or promised to it, updated one change at a time. Not thread safe: the scheduler
/// guards it with one lock that is held for at most one pod's decision.
/// </summary>
public sealed class ClusterSnapshot
{
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>(StringComparer.Ordinal);
    private readonly Dictionary<string, NodeInfo> nodes = new(StringComparer.Ordinal);
    private readonly NodeOrder order = new();
    private readonly Dictionary<ObjectKey, Placement> placements = [];
    private readonly Dictionary<string, PodGroup> groups = new(StringComparer.Ordinal);
    private readonly Dictionary<string, HashSet<PodGroup>> groupsByNamespace = new(StringComparer.Ordinal);
    private readonly HashSet<PodGroup> groupsWithAffinity = [];
    private readonly PodSelections selections;
    private readonly Dictionary<string, IReadOnlyDictionary<string, string>> namespaces = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> nodesByImage = new(StringComparer.Ordinal);

    public ClusterSnapshot()
    {
        selections = new PodSelections(this);
        Nominations = new Nominations(this);
        Topology = new TopologyIndex(this);
    }

    public VolumeCatalog Volumes { get; } = new();

    public WorkloadCatalog Workloads { get; } = new();

    public DeviceCatalog Devices { get; } = new();

    public DisruptionBudgets Budgets { get; } = new();

    public Nominations Nominations { get; }

    public TopologyIndex Topology { get; }

    public NodeVersions Versions { get; } = new();

    /// <summary>How many nodes have any taint.</summary>
    public int TaintedNodes { get; private set; }

    /// <summary>Nodes that exist, in a stable order that takes one of each zone in turn.</summary>
    public IReadOnlyList<NodeInfo> Nodes => order.Nodes;

    public IReadOnlyCollection<PodGroup> Groups => groups.Values;

    public IReadOnlyCollection<PodGroup> GroupsWithAffinity => groupsWithAffinity;

    public int PodCount => placements.Count;

    public IReadOnlyCollection<PodGroup> GroupsIn(string podNamespace) =>
        groupsByNamespace.TryGetValue(podNamespace, out var found) ? found : [];

    /// <summary>The pods of a namespace that a selector selects, but for those that are terminating, as one group.</summary>
    public PodGroup Selected(string podNamespace, LabelMatcher selector) => selections.Of(podNamespace, selector);

    /// <summary>Every kind of pod that the term selects.</summary>
    public IEnumerable<PodGroup> GroupsMeantBy(PodTerm term)
    {
        var candidates = term.NamespaceLabels is null && term.Namespaces.Count == 1 ? GroupsIn(term.Namespaces.First()) : groups.Values;
        foreach (var group in candidates)
        {
            if (term.Means(group, this))
            {
                yield return group;
            }
        }
    }

    public IReadOnlyDictionary<string, string> NamespaceLabels(string name) => namespaces.GetValueOrDefault(name, NoLabels);

    public NodeInfo? Node(string name) => nodes.TryGetValue(name, out var node) && node.Exists ? node : null;

    /// <summary>On how many nodes the image is present.</summary>
    public int NodesWithImage(string image) => nodesByImage.GetValueOrDefault(image);

    public PodInfo? Placed(ObjectKey pod) => placements.TryGetValue(pod, out var placement) ? placement.Pod : null;

    public void SetNamespace(string name, IDictionary<string, string>? labels) =>
        namespaces[name] = labels is null ? NoLabels : new Dictionary<string, string>(labels, StringComparer.Ordinal);

    public void RemoveNamespace(string name) => namespaces.Remove(name);

    public void SetNode(V1Node node)
    {
        var info = NodeOrNew(node.Metadata.Name);
        var (existed, zone) = (info.Exists, NodeOrder.ZoneOf(info));
        Count(info, -1);
        if (info.Set(node))
        {
            ForgetTopology(info);
        }

        Count(info, +1);
        if (!existed)
        {
            order.Add(info);
        }
        else if (zone != NodeOrder.ZoneOf(info))
        {
            order.Remove(info);
            order.Add(info);
        }
    }

    public void RemoveNode(string name)
    {
        if (nodes.TryGetValue(name, out var node) && node.Exists)
        {
            Count(node, -1);
            order.Remove(node);
            node.Unset();
            ForgetTopology(node);
            ForgetIfUnused(node);
        }
    }

    /// <summary>Puts the pod on the node, instead of wherever this or an older version of it was.</summary>
    public void Place(PodInfo pod, string nodeName)
    {
        Remove(pod.Key);
        var node = NodeOrNew(nodeName);
        var group = GroupOrNew(pod);
        node.Add(pod);
        group.Add(node);
        selections.Add(group, node);
        placements.Add(pod.Key, new Placement(pod, node, group));
    }

    public bool Remove(ObjectKey key)
    {
        if (!placements.Remove(key, out var placement))
        {
            return false;
        }

        placement.Node.Remove(placement.Pod);
        placement.Group.Remove(placement.Node);
        selections.Remove(placement.Group, placement.Node);
        if (placement.Group.IsEmpty)
        {
            Drop(placement.Pod.GroupKey, placement.Group);
        }

        ForgetIfUnused(placement.Node);
        return true;
    }

    private void ForgetTopology(NodeInfo node)
    {
        Topology.Forget();
        selections.ForgetDomains();
        foreach (var pod in node.Pods.Values)
        {
            groups[pod.GroupKey].ForgetDomains();
        }
    }

    private NodeInfo NodeOrNew(string name)
    {
        if (!nodes.TryGetValue(name, out var node))
        {
            nodes.Add(name, node = new NodeInfo(name, Versions));
        }

        return node;
    }

    private void ForgetIfUnused(NodeInfo node)
    {
        if (!node.Exists && node.Pods.Count == 0)
        {
            nodes.Remove(node.Name);
            Versions.Release(node.Place);
        }
    }

    private PodGroup GroupOrNew(PodInfo pod)
    {
        if (groups.TryGetValue(pod.GroupKey, out var group))
        {
            return group;
        }

        group = new PodGroup(pod.Namespace, pod.Labels, pod.Terminating, pod.Affinity);
        groups.Add(pod.GroupKey, group);
        if (!groupsByNamespace.TryGetValue(pod.Namespace, out var siblings))
        {
            groupsByNamespace.Add(pod.Namespace, siblings = []);
        }

        siblings.Add(group);
        if (pod.Affinity != PodAffinity.None)
        {
            groupsWithAffinity.Add(group);
        }

        return group;
    }

    private void Drop(string key, PodGroup group)
    {
        groups.Remove(key);
        groupsWithAffinity.Remove(group);
        var siblings = groupsByNamespace[group.Namespace];
        siblings.Remove(group);
        if (siblings.Count == 0)
        {
            groupsByNamespace.Remove(group.Namespace);
        }
    }

    private void Count(NodeInfo node, int change)
    {
        TaintedNodes += node is { Exists: true, IsTainted: true } ? change : 0;
        foreach (var image in node.Images.Keys)
        {
            nodesByImage[image] = nodesByImage.GetValueOrDefault(image) + change;
            if (nodesByImage[image] == 0)
            {
                nodesByImage.Remove(image);
            }
        }
    }

    private readonly record struct Placement(PodInfo Pod, NodeInfo Node, PodGroup Group);
}
