using Flotilla.Controllers.Nodes;
using Flotilla.Controllers.Pods;
using Flotilla.Controllers.TemplateHistory;
using k8s.Models;

namespace Flotilla.Controllers.DaemonSets;

/// <summary>The pods of a DaemonSet: bound to one node each, and tolerant of what ails it.</summary>
internal static class DaemonPods
{
    private static readonly (string Key, string Effect)[] Tolerated =
    [
        (Taints.NotReady, Taints.NoExecute),
        (Taints.Unreachable, Taints.NoExecute),
        ("node.kubernetes.io/disk-pressure", Taints.NoSchedule),
        ("node.kubernetes.io/memory-pressure", Taints.NoSchedule),
        ("node.kubernetes.io/pid-pressure", Taints.NoSchedule),
        (Taints.Unschedulable, Taints.NoSchedule),
    ];

    public static V1Pod New(V1DaemonSet set, string node, string hash)
    {
        var pod = PodTemplates.NewPod(set.Spec.Template, set);
        pod.Metadata.Labels = new Dictionary<string, string>(pod.Metadata.Labels ?? new Dictionary<string, string>()) { [TemplateRevisions.HashLabel] = hash };
        pod.Spec.Tolerations = Tolerations(set);
        pod.Spec.Affinity = OnlyOn(pod.Spec.Affinity, node);
        return pod;
    }

    /// <summary>The node a pod is meant for, placed or not.</summary>
    public static string? NodeOf(V1Pod pod) => !string.IsNullOrEmpty(pod.Spec.NodeName)
        ? pod.Spec.NodeName
        : pod.Spec.Affinity?.NodeAffinity?.RequiredDuringSchedulingIgnoredDuringExecution?.NodeSelectorTerms
            .SelectMany(term => term.MatchFields ?? [])
            .FirstOrDefault(field => field is { Key: "metadata.name", OperatorProperty: "In", Values.Count: 1 })?.Values[0];

    public static string? HashOf(V1Pod pod) =>
        pod.Metadata.Labels is { } labels && labels.TryGetValue(TemplateRevisions.HashLabel, out var hash) ? hash : null;

    public static List<V1Toleration> Tolerations(V1DaemonSet set)
    {
        var tolerations = new List<V1Toleration>(set.Spec.Template.Spec.Tolerations ?? []);
        tolerations.AddRange(Tolerated.Select(entry => Tolerates(entry.Key, entry.Effect)));
        if (set.Spec.Template.Spec.HostNetwork == true)
        {
            tolerations.Add(Tolerates("node.kubernetes.io/network-unavailable", Taints.NoSchedule));
        }

        return tolerations;
    }

    private static V1Toleration Tolerates(string key, string effect) => new() { Key = key, OperatorProperty = "Exists", Effect = effect };

    /// <summary>The set's own demands on nodes were judged already; the scheduler shall place the pod there and nowhere else.</summary>
    private static V1Affinity OnlyOn(V1Affinity? affinity, string node) => (affinity ?? new V1Affinity()) with
    {
        NodeAffinity = (affinity?.NodeAffinity ?? new V1NodeAffinity()) with
        {
            RequiredDuringSchedulingIgnoredDuringExecution = new V1NodeSelector
            {
                NodeSelectorTerms =
                [
                    new V1NodeSelectorTerm
                    {
                        MatchFields = [new V1NodeSelectorRequirement { Key = "metadata.name", OperatorProperty = "In", Values = [node] }],
                    },
                ],
            },
        },
    };
}
