namespace Flotilla.Scheduler.Snapshot;

/// <summary>
/// The pods of a namespace that a selector selects and that are not terminating, counted as one group and kept up to date: pods
/// with labels of their own (members of stateful sets, tasks of a swarm) cost no more to spread than replicas. Only those asked
/// for lately are kept.
/// </summary>
internal sealed class PodSelections(ClusterSnapshot cluster)
{
    private const int Most = 64;
    private static readonly IReadOnlyDictionary<string, string> NoLabels = new Dictionary<string, string>(StringComparer.Ordinal);

    private readonly Dictionary<(string Namespace, string Selector), Selection> known = [];
    private long asked;

    public PodGroup Of(string podNamespace, LabelMatcher selector)
    {
        var key = (podNamespace, selector.ToString());
        if (!known.TryGetValue(key, out var selection))
        {
            if (known.Count == Most)
            {
                known.Remove(known.MinBy(one => one.Value.Asked).Key);
            }

            known.Add(key, selection = Count(podNamespace, selector));
        }

        selection.Asked = ++asked;
        return selection.Pods;
    }

    public void Add(PodGroup group, NodeInfo node)
    {
        foreach (var selection in known.Values)
        {
            if (selection.Means(group))
            {
                selection.Pods.Add(node);
            }
        }
    }

    public void Remove(PodGroup group, NodeInfo node)
    {
        foreach (var selection in known.Values)
        {
            if (selection.Means(group))
            {
                selection.Pods.Remove(node);
            }
        }
    }

    public void ForgetDomains()
    {
        foreach (var selection in known.Values)
        {
            selection.Pods.ForgetDomains();
        }
    }

    private Selection Count(string podNamespace, LabelMatcher selector)
    {
        var selection = new Selection(selector, new PodGroup(podNamespace, NoLabels, terminating: false, PodAffinity.None));
        foreach (var group in cluster.GroupsIn(podNamespace).Where(selection.Means))
        {
            foreach (var (node, pods) in group.CountByNode)
            {
                selection.Pods.Add(node, pods);
            }
        }

        return selection;
    }

    private sealed class Selection(LabelMatcher selector, PodGroup pods)
    {
        public PodGroup Pods => pods;

        public long Asked { get; set; }

        public bool Means(PodGroup group) => group.Namespace == pods.Namespace && !group.Terminating && selector.Matches(group.Labels);
    }
}
