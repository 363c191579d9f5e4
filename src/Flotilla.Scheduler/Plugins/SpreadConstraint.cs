using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>One compiled topology spread constraint.</summary>
public sealed record SpreadConstraint(
    string TopologyKey,
    int MaxSkew,
    LabelMatcher Pods,
    int MinDomains,
    bool HonorAffinity,
    bool HonorTaints)
{
    public const string Hostname = "kubernetes.io/hostname";

    public static SpreadConstraint[] Of(PodInfo pod, string whenUnsatisfiable) =>
        [.. (pod.Pod.Spec.TopologySpreadConstraints ?? [])
            .Where(constraint => constraint.WhenUnsatisfiable == whenUnsatisfiable)
            .Select(constraint => From(constraint, pod))];

    /// <summary>The pods that count.</summary>
    public PodGroup Counted(PodInfo pod, ClusterSnapshot cluster) => cluster.Selected(pod.Namespace, Pods);

    private static SpreadConstraint From(V1TopologySpreadConstraint constraint, PodInfo pod)
    {
        var own = (constraint.MatchLabelKeys ?? [])
            .Where(pod.Labels.ContainsKey)
            .Select(key => new LabelMatcher.Requirement(key, "In", [pod.Labels[key]]));
        return new SpreadConstraint(
            constraint.TopologyKey,
            constraint.MaxSkew,
            LabelMatcher.From(constraint.LabelSelector).And(own),
            constraint.MinDomains ?? 1,
            HonorAffinity: constraint.NodeAffinityPolicy != "Ignore",
            HonorTaints: constraint.NodeTaintsPolicy == "Honor");
    }
}
