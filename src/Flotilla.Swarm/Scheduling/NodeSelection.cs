using Flotilla.Swarm.Members;
using Flotilla.Swarm.Nodes;
using k8s.Models;

namespace Flotilla.Swarm.Scheduling;

/// <summary>Which nodes may run a service's tasks, and what their Pods tell the scheduler about it.</summary>
internal static class NodeSelection
{
    private const string NameField = "metadata.name";
    private const string HostName = "kubernetes.io/hostname";

    public static bool Satisfies(V1Node node, IEnumerable<Constraint> constraints, NodeView view) => constraints.All(constraint => constraint.Matches(node, view));

    /// <summary>
    /// Labels are left to the scheduler, so that a task that waits sees a label that comes later; what a node is from
    /// birth is worked out here, to the nodes there are.
    /// </summary>
    public static V1NodeSelectorTerm? TermFor(IReadOnlyList<Constraint> constraints, IReadOnlyList<V1Node> nodes, NodeView view)
    {
        List<V1NodeSelectorRequirement> labels = [];
        List<Constraint> others = [];
        foreach (var constraint in constraints)
        {
            if (LabelOf(constraint) is { } key)
            {
                labels.Add(new V1NodeSelectorRequirement { Key = key, OperatorProperty = constraint.IsEqual ? "In" : "NotIn", Values = [NodeLabels.ValueOf(constraint.Value)] });
            }
            else
            {
                others.Add(constraint);
            }
        }

        if (others.Count > 0)
        {
            var names = nodes.Where(node => Satisfies(node, others, view)).Select(HostOf);
            labels.Add(new V1NodeSelectorRequirement { Key = HostName, OperatorProperty = "In", Values = [.. names.DefaultIfEmpty("none")] });
        }

        var away = nodes.Where(node => !Membership.IsMember(node)).Select(HostOf).ToList();
        if (away.Count > 0)
        {
            labels.Add(new V1NodeSelectorRequirement { Key = HostName, OperatorProperty = "NotIn", Values = away });
        }

        return labels.Count == 0 ? null : new V1NodeSelectorTerm { MatchExpressions = labels };
    }

    public static string HostOf(V1Node node) => node.Metadata.Labels?.TryGetValue(HostName, out var host) == true ? host : node.Metadata.Name;

    public static V1NodeSelectorTerm OnNode(string name) => new()
    {
        MatchFields = [new V1NodeSelectorRequirement { Key = NameField, OperatorProperty = "In", Values = [name] }],
    };

    /// <summary>The label by which the scheduler knows <c>node.labels.X</c>; null: another key, or a value of the empty kind.</summary>
    public static string? LabelOf(Constraint constraint) => LabelOf(constraint.Key);

    public static string? LabelOf(string descriptor) =>
        descriptor.StartsWith("node.labels.", StringComparison.OrdinalIgnoreCase) ? NodeLabels.KeyOf(descriptor["node.labels.".Length..])
        : descriptor.StartsWith("engine.labels.", StringComparison.OrdinalIgnoreCase) ? descriptor["engine.labels.".Length..]
        : null;
}
