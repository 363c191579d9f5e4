using Flotilla.Scheduler.Snapshot;
using k8s.Models;

namespace Flotilla.Scheduler.Plugins;

/// <summary>How pods without constraints of their own are spread, if a Service or a set says which belong together.</summary>
/// <param name="constraints">Without selectors: the pods' workloads give them.</param>
public sealed class SpreadDefaults(IReadOnlyList<V1TopologySpreadConstraint> constraints, bool areSystems = false)
{
    /// <summary>Upstream's: 3 more on a node and 5 more in a zone are fine.</summary>
    public static readonly SpreadDefaults System = new(
        [
            new V1TopologySpreadConstraint { MaxSkew = 3, TopologyKey = SpreadConstraint.Hostname, WhenUnsatisfiable = "ScheduleAnyway" },
            new V1TopologySpreadConstraint { MaxSkew = 5, TopologyKey = "topology.kubernetes.io/zone", WhenUnsatisfiable = "ScheduleAnyway" },
        ],
        areSystems: true);

    public bool AreSystems => areSystems;

    public SpreadConstraint[] For(PodInfo pod, ClusterSnapshot cluster, string whenUnsatisfiable) =>
        constraints.Any(constraint => constraint.WhenUnsatisfiable == whenUnsatisfiable) && cluster.Workloads.SelectorFor(pod) is { } selector
            ? [.. constraints
                .Where(constraint => constraint.WhenUnsatisfiable == whenUnsatisfiable)
                .Select(constraint => new SpreadConstraint(
                    constraint.TopologyKey, constraint.MaxSkew, selector, 1, HonorAffinity: true, HonorTaints: false))]
            : [];
}
