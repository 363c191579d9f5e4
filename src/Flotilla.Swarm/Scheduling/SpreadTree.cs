using Flotilla.Swarm.Nodes;
using k8s.Models;

namespace Flotilla.Swarm.Scheduling;

/// <summary>
/// Placement preferences: over the values of the first the tasks are even, within each of those over the values of the
/// second, and so on to the nodes. Nodes without a label are a branch of their own. Each task that is asked for counts at once.
/// </summary>
internal sealed class SpreadTree
{
    private const int BranchWeight = 100;
    private const int NodeWeight = 60;
    private const string HostName = "kubernetes.io/hostname";

    private readonly IReadOnlyList<string> labels;
    private readonly List<(V1Node Node, string[] Values)> nodes;
    private readonly Dictionary<string, int> tasks;

    /// <param name="descriptors">E.g. <c>node.labels.zone</c>; what is no label is left out.</param>
    /// <param name="eligible">Nodes that may get tasks.</param>
    /// <param name="tasks">How many tasks of the service a node has, by name.</param>
    public SpreadTree(IEnumerable<string> descriptors, IEnumerable<V1Node> eligible, NodeView view, IReadOnlyDictionary<string, int> tasks)
    {
        var known = descriptors.Where(descriptor => NodeSelection.LabelOf(descriptor) is not null).ToList();
        labels = [.. known.Select(descriptor => NodeSelection.LabelOf(descriptor)!)];
        nodes = [.. eligible.Select(node => (node, known.Select(descriptor => Constraint.ValueOf(descriptor, node, view) ?? "").ToArray()))];
        this.tasks = new Dictionary<string, int>(tasks, StringComparer.Ordinal);
    }

    /// <summary>Where the next task had best go; empty: there is no preference, or no node.</summary>
    public List<V1PreferredSchedulingTerm> Next()
    {
        if (labels.Count == 0 || nodes.Count == 0)
        {
            return [];
        }

        var branch = nodes;
        for (var level = 0; level < labels.Count; level++)
        {
            branch = [.. branch.GroupBy(entry => entry.Values[level], StringComparer.OrdinalIgnoreCase).MinBy(group => (group.Sum(TasksOn), group.Key))!];
        }

        var chosen = branch.MinBy(entry => (TasksOn(entry), entry.Node.Metadata.Name));
        tasks[chosen.Node.Metadata.Name] = TasksOn(chosen) + 1;
        return
        [
            new V1PreferredSchedulingTerm { Weight = BranchWeight, Preference = new V1NodeSelectorTerm { MatchExpressions = [.. labels.Zip(chosen.Values, Requirement)] } },
            new V1PreferredSchedulingTerm { Weight = NodeWeight, Preference = new V1NodeSelectorTerm { MatchExpressions = [new V1NodeSelectorRequirement { Key = HostName, OperatorProperty = "In", Values = [NodeSelection.HostOf(chosen.Node)] }] } },
        ];
    }

    private int TasksOn((V1Node Node, string[] Values) entry) => tasks.GetValueOrDefault(entry.Node.Metadata.Name);

    private static V1NodeSelectorRequirement Requirement(string key, string value) => value.Length == 0
        ? new V1NodeSelectorRequirement { Key = key, OperatorProperty = "DoesNotExist" }
        : new V1NodeSelectorRequirement { Key = key, OperatorProperty = "In", Values = [NodeLabels.ValueOf(value)] };
}
